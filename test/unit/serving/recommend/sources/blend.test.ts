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
    const fused = fuse([
      [1, candidates([1, 2], 9, { sources: 1, because: 5 })],
      [2, candidates([2, 3], 1, { sources: 4 })],
      [0, candidates([4])],
    ]);
    expect(fused).toEqual([
      { item: 2, score: 1 / 62 + 2 / 61, sources: 5, because: 5 },
      { item: 3, score: 2 / 62, sources: 4, because: 0 },
      { item: 1, score: 1 / 61, sources: 1, because: 5 },
    ]);
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
