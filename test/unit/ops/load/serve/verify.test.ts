import { describe, expect, it } from 'vitest';
import { type DataSet, makeDataSet } from '../../../../../ops/load/serve/data-set.ts';
import type { LoadResult, Sample } from '../../../../../ops/load/serve/load-plan.ts';
import { expectedAnswer } from '../../../../../ops/load/serve/reference.ts';
import { leakOf, verifyAnswers } from '../../../../../ops/load/serve/verify.ts';
import { verifyOutage } from '../../../../../ops/load/serve/verify-outage.ts';

const data: DataSet = makeDataSet({ users: 20, items: 500 });
const now = Date.now();
const userOf = (user: number) => data.users[user] as DataSet['users'][number];
const expected = (user: number) => expectedAnswer(data, userOf(user), { surface: 'list', now });

function sample(user: number, over: { readonly items?: readonly string[]; readonly level?: string } = {}): Sample {
  const { itemIds, level, reflects } = expected(user);
  const text = JSON.stringify({
    items: (over.items ?? itemIds).map((item_id) => ({ item_id })),
    fallback_level: over.level ?? level,
    reflects: reflects === null ? null : { event_id: reflects },
  });
  return { index: user, user, text };
}

const resultOf = (samples: readonly Sample[], statuses: readonly number[] = [200]): LoadResult => ({
  startedAt: 0,
  seconds: 1,
  latencies: new Float64Array(1),
  lateness: new Float64Array(1),
  users: new Uint32Array(1),
  statuses: Uint16Array.from(statuses),
  levels: new Uint8Array(1),
  samples,
  cpuSeconds: 0,
});
const verify = (...samples: readonly Sample[]) => verifyAnswers(data, resultOf(samples), 'list');

describe('answers of bench serve', () => {
  it('count where they are those of the reference', () => {
    expect(verify(sample(0), sample(19))).toBe(2);
  });

  it('are none where an item, the order, the length or the rung differs', () => {
    const { itemIds } = expected(0);
    for (const items of [itemIds.slice(1), itemIds.toReversed(), itemIds.slice(0, -1), [...itemIds, 'sku-000001']]) {
      expect(() => verify(sample(0, { items }))).toThrow('1 of 1 answers differ');
    }
    expect(() => verify(sample(0, { level: 'session' }))).toThrow('session, not personal');
  });

  it('are none where none was kept', () => {
    expect(() => verify()).toThrow('no answer was kept');
  });
});

describe('answers while Redis is away', () => {
  const during = (one: Sample, statuses?: readonly number[]) =>
    verifyOutage(data, resultOf([one], statuses), () => false);
  const gone = 'sku-000033';
  const bought = data.items[(userOf(0).known?.bought[0] ?? 1) - 1]?.itemId as string;
  const shown = expected(0).itemIds[0] as string;

  it('may be of any rung, as long as nothing of them is gone', () => {
    expect(during(sample(0, { level: 'segment_popular', items: [shown] }))).toBe(1);
    expect(() => during(sample(0, { level: 'segment_popular', items: [shown, gone] }))).toThrow(`${gone} is shown`);
  });

  it('hold back what a rung that knows the user has to hold back', () => {
    expect(leakOf(data, sample(0, { level: 'last_known_good', items: [bought] }), now)).toContain(bought);
  });

  it('may be refusals with 503, and nothing else', () => {
    const refusal = { index: 0, user: 0, text: '{"code":"no_list"}' };
    expect(during(refusal, [503])).toBe(1);
    expect(() => during(refusal, [500])).toThrow('answered with 500');
  });

  it('are those of the reference again once it is back', () => {
    const wrong = sample(0, { level: 'segment_popular', items: [shown] });
    expect(() => verifyOutage(data, resultOf([wrong]), () => true)).toThrow('1 answers are wrong');
  });
});
