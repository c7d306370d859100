import { describe, expect, inject, it } from 'vitest';
import { benchFreshness } from '../../../../ops/load/freshness/bench.ts';

describe('bench freshness', () => {
  it('follows events from their POST to a list, and counts every one of them', async () => {
    const load = { users: 50, items: 100, runs: 1, rate: 40, batch: 4, seconds: 2, followed: 5, idleSeconds: 2 };
    const { runs } = await benchFreshness(inject('stack'), {
      ...load,
      nodeOptions: [],
      say: () => {},
      signal: new AbortController().signal,
    });
    expect(runs.map(({ load: name, events, freshness }) => [name, events, freshness.count])).toEqual([
      ['busy', 80, 10],
      ['idle', 2, 2],
    ]);
    for (const { freshness, accepted } of runs) expect(freshness.p50).toBeGreaterThan(accepted.p50);
  });
});
