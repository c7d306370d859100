import { beforeEach, describe, expect, it } from 'vitest';
import { sourceBit } from '../../../../pipeline/domain/packed-list.ts';
import type { Slate } from '../../../../serving/recommend/query.ts';
import {
  candidates,
  clicks,
  createServingHarness,
  list,
  profile,
  query,
  recent,
  type ServingHarness,
} from '../../../support/serving-harness.ts';

const similar = { sources: sourceBit('similar') };
const itemsOf = (slate: Slate | undefined) => slate?.items.map(({ item }) => item);
const levelsOf = (slate: Slate | undefined) => slate?.items.map(({ level }) => level);

let serving: ServingHarness;
beforeEach(() => {
  serving = createServingHarness();
});

describe('the fallback ladder', () => {
  it('answers from the personal list, in its order, with one wait', async () => {
    serving.setUser({ list: list(candidates([5, 3, 9, 1])) });
    const slate = await serving.recommend(query());
    expect(itemsOf(slate)).toEqual([5, 3, 9]);
    expect(slate).toMatchObject({ level: 'personal', query: { rounds: { waits: 1 } } });
    expect(serving.redis.waits).toBe(1);
    expect(await serving.counted('servingFallbacks')).toEqual({ personal: 1 });
  });

  it('goes on from the last items where there is no personal list', async () => {
    serving.setUser({ profile: profile(clicks(10, 11)) });
    serving.setSimilar(11, list(candidates([20, 21], 1, similar)));
    serving.setSimilar(10, list(candidates([21, 22], 0.6, similar)));
    const slate = await serving.recommend(query());
    expect(itemsOf(slate)).toEqual([20, 21, 22]);
    expect(slate?.items.map(({ because }) => because)).toEqual([11, 11, 10]);
    expect(slate?.level).toBe('session');
    expect(serving.redis.waits).toBe(2);
  });

  it('goes on from a recent event that no profile knows yet', async () => {
    serving.setUser({ list: list([]), recent: recent(...clicks(12)) });
    serving.setSimilar(12, list(candidates([30], 1, similar)));
    expect(itemsOf(await serving.recommend(query({ limit: 1 })))).toEqual([30]);
  });

  it('shows what is popular where the user is, before what is popular at all', async () => {
    serving.setUser({ profile: profile([]) });
    serving.setPopular('home|de', [31]);
    serving.setPopular('|', [32, 33]);
    const slate = await serving.recommend(query());
    expect(itemsOf(slate)).toEqual([31, 32, 33]);
    expect(levelsOf(slate)).toEqual(['segment_popular', 'global_popular', 'global_popular']);
    expect(slate?.level).toBe('segment_popular');
  });

  it('takes the segment of the latest interaction where this surface has no list', async () => {
    serving.setUser({ profile: profile([], { segment: 'pdp|de' }) });
    serving.setPopular('pdp|de', [31]);
    expect((await serving.recommend(query({ limit: 1 })))?.level).toBe('segment_popular');
  });

  it('shows a stranger what is popular at all', async () => {
    serving.setPopular('|', [32, 33]);
    const slate = await serving.recommend(query({ userId: 'nobody' }));
    expect(slate).toMatchObject({ level: 'global_popular', reflects: undefined });
    expect(itemsOf(slate)).toEqual([32, 33]);
    expect(serving.redis.waits).toBe(1);
  });

  it('has no answer where no rung has anything to say', async () => {
    expect(await serving.recommend(query())).toBeUndefined();
  });

  it('answers an empty list where filters left nothing of what rungs had', async () => {
    const reflects = { eventId: 'e1', receivedAt: 2, occurredAt: 1 };
    serving.setUser({ list: list([], reflects), profile: profile(clicks(5)) });
    const slate = await serving.recommend(query());
    expect(slate).toMatchObject({ items: [], level: 'personal', reflects });
  });

  it('fills a short personal list up from the rungs below, without a second wait', async () => {
    serving.setUser({ list: list(candidates([5])), profile: profile(clicks(10)) });
    serving.setSimilar(10, list(candidates([20], 1, similar)));
    serving.setPopular('|', [5, 6, 7]);
    const slate = await serving.recommend(query());
    expect(itemsOf(slate)).toEqual([5, 6, 7]);
    expect(slate?.level).toBe('personal');
    expect(serving.redis.waits).toBe(1);
  });

  it('keeps the sources of every rung that offered an item', async () => {
    serving.setUser({ list: list(candidates([5])) });
    serving.setPopular('|', [5, 6, 7]);
    const slate = await serving.recommend(query());
    expect(slate?.items[0]?.sources).toBe(sourceBit('session-knn') | sourceBit('popular'));
  });

  it('ranks fill-ups below the items they follow, whatever scale their source uses', async () => {
    serving.setUser({ list: list(candidates([5, 4], 0.5)) });
    serving.setPopular('|', [6, 7, 8]);
    const scores = (await serving.recommend(query({ limit: 5 })))?.items.map(({ score }) => score) ?? [];
    expect(scores).toHaveLength(5);
    for (const [index, expected] of [0.5, 0.25, 0.25, 0.25 / 2, 0.25 / 3].entries()) {
      expect(scores[index]).toBeCloseTo(expected);
    }
  });
});

describe('context items', () => {
  it('lead the list with their neighbours, in the first wait', async () => {
    serving.setUser({ list: list(candidates([5, 6])) });
    serving.setSimilar(40, list(candidates([41], 1, similar)));
    const slate = await serving.recommend(query({ contextItems: ['i40'] }));
    expect(itemsOf(slate)).toEqual([41, 5, 6]);
    expect(slate?.level).toBe('session');
    expect(serving.redis.waits).toBe(1);
  });

  it('count for nothing where the catalogue does not know them', async () => {
    serving.setUser({ list: list(candidates([5, 6])) });
    expect((await serving.recommend(query({ contextItems: ['gone'] })))?.level).toBe('personal');
  });
});

describe('the active state version', () => {
  it('is followed at once: the first round is repeated from the new version', async () => {
    serving.setUser({ list: list(candidates([5])) });
    serving.setUser({ list: list(candidates([6])) }, { version: 2 });
    serving.redis.active = 2;
    const slate = await serving.recommend(query({ limit: 1 }));
    expect(itemsOf(slate)).toEqual([6]);
    expect(slate?.query.user.version).toBe(2);
    expect(serving.redis.waits).toBe(2);
    await serving.recommend(query({ limit: 1 }));
    expect(serving.redis.waits).toBe(3);
  });

  it('leaves no wait for neighbours in the request that met the change', async () => {
    serving.setUser({ profile: profile(clicks(10)) }, { version: 2 });
    serving.setSimilar(10, list(candidates([20], 1, similar)), 2);
    serving.setPopular('|', [30], 2);
    serving.redis.active = 2;
    expect((await serving.recommend(query()))?.level).toBe('global_popular');
    expect(serving.redis.waits).toBe(2);
    expect((await serving.recommend(query()))?.level).toBe('session');
  });

  it('never mixes popular lists of another version into an answer', async () => {
    serving.setPopular('|', [30], 1);
    serving.redis.active = 2;
    expect(await serving.recommend(query())).toBeUndefined();
  });

  it('stays what it was while nobody says', async () => {
    serving.redis.active = undefined;
    serving.setUser({ list: list(candidates([5])) });
    expect((await serving.recommend(query()))?.query.user.version).toBe(1);
    expect(serving.redis.waits).toBe(1);
  });
});

describe('Redis waits', () => {
  it.each([
    ['a full personal list', { list: list(candidates([5, 6, 7])) }],
    ['a short personal list', { list: list(candidates([5])), profile: profile(clicks(10)) }],
    ['an empty personal list', { list: list([]), profile: profile(clicks(10)), recent: recent(...clicks(11)) }],
    ['only a profile', { profile: profile(clicks(10, 11, 12)) }],
    ['only recent events', { recent: recent(...clicks(10, 11, 12)) }],
    ['nothing', {}],
  ])('are at most two with %s, with and without context, and when the version changes', async (_, user) => {
    for (const contextItems of [[], ['i40', 'i41'], ['gone']]) {
      for (const active of [1, 2]) {
        const fresh = createServingHarness();
        for (const version of [1, 2]) {
          fresh.setUser(user, { version });
          fresh.setPopular('|', [30], version);
          for (const item of [10, 11, 12, 40]) fresh.setSimilar(item, list(candidates([20, 21])), version);
        }
        fresh.redis.active = active;
        const slate = await fresh.recommend(query({ contextItems }));
        expect(slate).toBeDefined();
        expect(fresh.redis.waits).toBeLessThanOrEqual(2);
        expect(slate?.query.rounds.waits).toBe(fresh.redis.waits);
      }
    }
  });
});

describe('values that are not understood', () => {
  it('count as absent, and are counted', async () => {
    serving.setUser({ list: Buffer.from('what?'), profile: Buffer.from('x'), recent: Buffer.from('y') });
    serving.setPopular('|', [30]);
    expect((await serving.recommend(query()))?.level).toBe('global_popular');
    expect(await serving.counted('servingUndecodable')).toEqual({ list: 1, profile: 1, recent: 1 });
  });
});
