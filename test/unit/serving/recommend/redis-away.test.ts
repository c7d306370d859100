import { beforeEach, describe, expect, it } from 'vitest';
import {
  candidates,
  clicks,
  createServingHarness,
  list,
  profile,
  query,
  type ServingHarness,
} from '../../../support/serving-harness.ts';

const reflects = { eventId: 'e1', receivedAt: 2, occurredAt: 1 };
let serving: ServingHarness;
beforeEach(() => {
  serving = createServingHarness();
});
const items = async (over = {}) => (await serving.recommend(query(over)))?.items.map(({ item }) => item);

describe('while Redis is away', () => {
  it('popular lists in memory go on, with what the user had seen left out', async () => {
    serving.setUser({ list: list(candidates([5, 6])), profile: profile(clicks(30)) });
    serving.setPopular('home|de', [30, 31, 32]);
    await serving.recommend(query());
    serving.redis.away = true;
    const slate = await serving.recommend(query());
    expect(slate).toMatchObject({ level: 'segment_popular', reflects: undefined });
    expect(slate?.items.map(({ item }) => item)).toEqual([31, 32, 5]);
    expect(slate?.query.rounds).toMatchObject({ degraded: true, waits: 1 });
  });

  it('the last good answer stands in where nothing is popular, and says what it reflects', async () => {
    serving.setUser({ list: list(candidates([5, 6]), reflects) });
    await serving.recommend(query());
    serving.redis.away = true;
    const slate = await serving.recommend(query());
    expect(slate).toMatchObject({ level: 'last_known_good', reflects });
    expect(slate?.items.map(({ item }) => item)).toEqual([5, 6]);
  });

  it('the last good answer is of the same surface', async () => {
    serving.setUser({ list: list(candidates([5, 6])) });
    await serving.recommend(query());
    serving.redis.away = true;
    expect(await items({ surface: 'cart' })).toBeUndefined();
  });

  it('a stranger gets no answer where nothing is popular', async () => {
    serving.redis.away = true;
    expect(await items()).toBeUndefined();
  });

  it('an answer made then is not remembered as a good one', async () => {
    serving.setUser({ list: list(candidates([5, 6])) });
    await serving.recommend(query());
    serving.redis.away = true;
    serving.setPopular('|', [30]);
    await serving.recommend(query());
    serving.popularity.drop(1);
    expect(await items()).toEqual([5, 6]);
  });

  it('a user of whom Redis last knew nothing is forgotten', async () => {
    serving.setUser({ list: list(candidates([5, 6])) });
    serving.setPopular('|', [30]);
    await serving.recommend(query());
    serving.dropUser();
    await serving.recommend(query());
    serving.redis.away = true;
    expect(await items()).toEqual([30]);
  });

  it('an outage in the second round falls through to memory', async () => {
    serving.setUser({ profile: profile(clicks(10)) });
    serving.setPopular('|', [30]);
    const recommending = serving.recommend(query());
    await new Promise((resolve) => setImmediate(resolve));
    serving.redis.away = true;
    const slate = await recommending;
    expect(slate).toMatchObject({ level: 'global_popular' });
    expect(serving.redis.waits).toBe(2);
  });

  it('lists are personal again as soon as Redis is back', async () => {
    serving.setUser({ list: list(candidates([5, 6])) });
    serving.redis.away = true;
    await serving.recommend(query());
    serving.redis.away = false;
    expect((await serving.recommend(query()))?.level).toBe('personal');
  });

  it('only one request in a tenth of a second asks it once five in a row have failed, until it answers', async () => {
    serving.setUser({ list: list(candidates([5, 6])) });
    serving.setPopular('|', [9]);
    serving.redis.away = true;
    const asked = async (count: number) => {
      let waits = 0;
      for (let at = 0; at < count; at += 1) waits += (await serving.recommend(query()))?.query.rounds.waits ?? 0;
      return waits;
    };
    expect(await asked(50)).toBe(5);
    serving.time.monotonic += 99;
    expect(await asked(10)).toBe(0);
    serving.time.monotonic += 1;
    expect(await asked(10)).toBe(1);
    serving.redis.away = false;
    serving.time.monotonic += 100;
    expect((await serving.recommend(query()))?.level).toBe('personal');
    expect((await serving.recommend(query()))?.level).toBe('personal');
  });
});
