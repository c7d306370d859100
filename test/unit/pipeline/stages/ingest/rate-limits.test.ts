import { describe, expect, it } from 'vitest';
import { defaultSettings, namespaceSettingsSchema } from '../../../../../pipeline/domain/settings.ts';
import { RateLimits } from '../../../../../pipeline/stages/ingest/rate-limits.ts';

function create(limits: Readonly<Record<string, number>>) {
  let now = 0;
  const rates = new RateLimits({
    settings: {
      get: (namespace) => ({ ...defaultSettings, max_events_per_second: limits[namespace] ?? null }),
    },
    clock: { monotonic: () => now },
  });
  const of = (namespace: string, count: number) => Array.from({ length: count }, () => ({ namespace }));
  return {
    take: (namespace: string, count: number) => rates.take(of(namespace, count))?.code,
    takeBoth: (one: string, other: string) => rates.take([...of(one, 1), ...of(other, 1)])?.code,
    takeNameless: () => rates.take([{ user_id: 'u' }])?.code,
    retryAfter: (namespace: string) => rates.take(of(namespace, 1))?.retryAfterSeconds,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('a namespace with a limit', () => {
  it('has none by default', () => {
    expect(namespaceSettingsSchema.parse({}).max_events_per_second).toBeNull();
    const { take } = create({});
    expect([take('shop', 1_000), take('shop', 1_000)]).toEqual([undefined, undefined]);
  });

  it('may send a second’s worth at once, then as much as it earns', () => {
    const { take, pass } = create({ shop: 10 });
    expect([take('shop', 4), take('shop', 6), take('shop', 1)]).toEqual([undefined, undefined, 'rate_limited']);
    pass(100);
    expect([take('shop', 1), take('shop', 1)]).toEqual([undefined, 'rate_limited']);
    pass(60_000);
    expect([take('shop', 10), take('shop', 1)]).toEqual([undefined, 'rate_limited']);
  });

  it('may send a batch larger than its limit, and pays for it', () => {
    const { take, retryAfter, pass } = create({ shop: 10 });
    expect(take('shop', 100)).toBeUndefined();
    expect(retryAfter('shop')).toBe(10);
    pass(8_900);
    expect([take('shop', 1), retryAfter('shop')]).toEqual(['rate_limited', 1]);
    pass(200);
    expect(take('shop', 1)).toBeUndefined();
  });

  it('costs no other namespace anything, not even in one request that is refused', () => {
    const { take, takeBoth } = create({ shop: 1, other: 1 });
    expect(take('shop', 1)).toBeUndefined();
    expect(takeBoth('other', 'shop')).toBe('rate_limited');
    expect([take('other', 1), take('free', 1_000)]).toEqual([undefined, undefined]);
  });

  it('is the default one where a member names none', () => {
    const { take, takeNameless } = create({ default: 1 });
    expect([take('default', 1), takeNameless()]).toEqual([undefined, 'rate_limited']);
  });
});
