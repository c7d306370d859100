import { beforeEach, describe, expect, it } from 'vitest';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import type { Baseline } from '../../../../pipeline/stores/analytics.ts';
import { createBaselines, type ReadBaseline } from '../../../../serving/analytics/baselines.ts';

const baseline: Baseline = {
  stateVersion: 1,
  attributionWindowMs: 1,
  shown: { impressions: 0, matchedImpressions: 0, matchedActs: 0 },
  bySource: [],
  byVariant: [],
  bySurface: [],
  watches: { count: 0, seconds: 0 },
  catalog: { items: 0, shown: 0 },
};
const day = 86_400_000;

let monotonic: number;
let asked: { readonly namespace: string; readonly from: number; readonly to: number }[];
let pending: PromiseWithResolvers<Baseline | 'too_slow'>[];
let read: ReadBaseline;
const settled = () => new Promise((resolve) => setImmediate(resolve));
const answer = async (value: Baseline | 'too_slow' = baseline) => {
  await settled();
  pending.shift()?.resolve(value);
  await settled();
};

beforeEach(() => {
  monotonic = 0;
  asked = [];
  pending = [];
  read = createBaselines({
    analytics: {
      baseline(namespace, time) {
        asked.push({ namespace, ...time });
        const one = Promise.withResolvers<Baseline | 'too_slow'>();
        pending.push(one);
        return one.promise;
      },
    },
    clock: { now: () => 100 * day + monotonic, monotonic: () => monotonic },
  });
});

describe('baselines', () => {
  it('are read once for all that ask at once, and given again for 30 seconds', async () => {
    const crowd = Promise.all(Array.from({ length: 50 }, () => read('shop', 7)));
    await answer();
    expect(new Set(await crowd).size).toBe(1);
    expect(asked).toEqual([{ namespace: 'shop', from: 93 * day, to: 100 * day }]);
    monotonic = 29_999;
    expect(await read('shop', 7)).toMatchObject({ to: 100 * day });
    expect(asked).toHaveLength(1);
    monotonic = 30_000;
    const later = read('shop', 7);
    await answer();
    expect(await later).toMatchObject({ to: 100 * day + 30_000 });
  });

  it('are read one at a time, whatever is asked', async () => {
    const all = [read('a', 7), read('b', 7), read('a', 30)];
    await settled();
    expect(asked).toHaveLength(1);
    await answer();
    expect(asked.map(({ namespace }) => namespace)).toEqual(['a', 'b']);
    await answer();
    await answer();
    expect(await Promise.all(all)).toHaveLength(3);
    expect(asked).toHaveLength(3);
  });

  it('are refused where too many different ones wait, and read again when those are done', async () => {
    const waiting = Array.from({ length: 8 }, (_, at) => read(`ns-${at}`, 7));
    expect(await read('one more', 7)).toBe('busy');
    for (const _ of waiting) await answer();
    await Promise.all(waiting);
    const later = read('one more', 7);
    await answer();
    expect(await later).toMatchObject({ baseline });
  });

  it('forget a failure, and do not hold up others with it', async () => {
    const failing = read('shop', 7);
    const other = read('other', 7);
    await settled();
    pending.shift()?.reject(new TransientError('postgres_unavailable', 'away'));
    await expect(failing).rejects.toThrow('away');
    await answer();
    expect(await other).toMatchObject({ baseline });
    const again = read('shop', 7);
    await answer();
    expect(await again).toMatchObject({ baseline });
  });

  it('remember that one was too slow', async () => {
    const first = read('shop', 90);
    await answer('too_slow');
    expect(await first).toMatchObject({ baseline: 'too_slow' });
    expect(await read('shop', 90)).toMatchObject({ baseline: 'too_slow' });
    expect(asked).toHaveLength(1);
  });

  it('keep a hundred and no more', async () => {
    for (let at = 0; at <= 100; at += 1) {
      const one = read(`ns-${at}`, 7);
      await answer();
      await one;
    }
    await read('ns-1', 7);
    expect(asked).toHaveLength(101);
    void read('ns-0', 7);
    await answer();
    expect(asked).toHaveLength(102);
  });
});
