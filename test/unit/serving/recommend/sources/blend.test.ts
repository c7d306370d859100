import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf } from '../../../../../pipeline/domain/day.ts';
import { tagHash } from '../../../../../pipeline/domain/packed-profile.ts';
import { fuse } from '../../../../../serving/recommend/sources/blend.ts';
import {
  askedAt,
  candidates,
  createServingHarness,
  list,
  profile,
  query,
} from '../../../../support/serving-harness.ts';

const idsOf = (slate: { items: readonly { item: number }[] } | undefined) => slate?.items.map(({ item }) => item);

describe('fusion by reciprocal ranks', () => {
  it('sums weight / (60 + rank) and joins the sources', () => {
    const fused = fuse(
      [1, candidates([1, 2], 9, { sources: 1, because: 5 })],
      [
        [2, candidates([2, 3], 1, { sources: 4 })],
        [0, candidates([4])],
      ],
    );
    expect(fused).toEqual([
      { item: 2, score: 1 / 62 + 2 / 61, sources: 5, because: 5 },
      { item: 3, score: 2 / 62, sources: 4, because: 0 },
      { item: 1, score: 1 / 61, sources: 1, because: 5 },
    ]);
  });

  it('is the sum of all lists in order, whatever they have in common', () => {
    const items = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 30 });
    fc.assert(
      fc.property(items, items, items, fc.constantFrom(0, 0.5, 1), (own, first, second, weight) => {
        const lists = [own, first, second].map((list) => candidates(list));
        const [a = [], b = [], c = []] = lists;
        const sums = new Map<number, number>();
        for (const [list, by] of [[a, weight] as const, [b, 0.5] as const, [c, 0.25] as const]) {
          for (const [at, { item }] of (by > 0 ? list : []).entries())
            sums.set(item, (sums.get(item) ?? 0) + by / (61 + at));
        }
        const fused = fuse(
          [weight, a],
          [
            [0.5, b],
            [0.25, c],
          ],
        );
        expect(fused.map(({ item }) => item).toSorted()).toEqual([...sums.keys()].toSorted());
        for (const { item, score } of fused) expect(score).toBeCloseTo(sums.get(item) as number, 12);
        const ordered = fused.toSorted((x, y) => y.score - x.score || x.item - y.item);
        expect(fused).toEqual(ordered);
      }),
    );
  });
});

describe('a surface with a blend', () => {
  it('mixes what the user likes, buys and what is popular into the personal list', async () => {
    const serving = createServingHarness();
    for (const item of [30, 32]) serving.setItem(item, { tags: ['brand:acme'] });
    serving.setPopular('|', [30, 31, 32]);
    const affinity = [{ tag: tagHash('brand:acme'), weight: 255 }];
    const bought = [{ item: 20, day: dayOf(askedAt) - 40 }];
    serving.setUser({ list: list(candidates([1, 2, 3])), profile: profile([], { affinity, bought }) });
    expect(idsOf(await serving.recommend(query({ limit: 4 })))).toEqual([1, 2, 3, 30]);

    const blend = { personal: 1, affinity: 0.9, popular: 0, history: 0 };
    serving.setSurface('home', { blend });
    expect(idsOf(await serving.recommend(query({ limit: 4 })))).toEqual([1, 2, 3, 30]);
    serving.setSurface('home', { blend: { ...blend, affinity: 1.1 } });
    const liked = await serving.recommend(query({ limit: 4 }));
    expect(idsOf(liked)).toEqual([30, 32, 1, 2]);
    expect(liked?.level).toBe('personal');
    expect(serving.redis.waits).toBe(3);

    serving.setSurface('home', {
      exclude_bought_days: 30,
      blend: { personal: 1, affinity: 0, popular: 0, history: 1 },
    });
    expect(idsOf(await serving.recommend(query({ limit: 4 })))).toEqual([1, 20, 2, 3]);
  });

  it('keeps out what was bought inside of the window, the day on which it begins included', async () => {
    const serving = createServingHarness();
    const day = dayOf(askedAt);
    const bought = [30, 31].map((days, at) => ({ item: at + 1, day: day - days }));
    serving.setUser({ list: list(candidates([1, 2, 3])), profile: profile([], { bought }) });
    expect(idsOf(await serving.recommend(query()))).toEqual([3]);
    serving.setSurface('home', { exclude_bought_days: 30 });
    expect(idsOf(await serving.recommend(query()))).toEqual([2, 3]);
  });
});
