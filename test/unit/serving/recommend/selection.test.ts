import { beforeEach, describe, expect, it } from 'vitest';
import { ruleSchema } from '../../../../pipeline/domain/rule.ts';
import { noConstraints } from '../../../../serving/recommend/constraints.ts';
import type { Page } from '../../../../serving/recommend/page.ts';
import type { Query, Slate } from '../../../../serving/recommend/query.ts';
import { replay } from '../../../../serving/recommend/replay.ts';
import {
  askedAt,
  candidates,
  clicks,
  createServingHarness,
  list,
  profile,
  query,
  recent,
  type ServingHarness,
} from '../../../support/serving-harness.ts';

let serving: ServingHarness;
beforeEach(() => {
  serving = createServingHarness();
});

const rule = (id: string, body: object) => ({ ...ruleSchema.parse(body), id, revision: 1 });
const idsOf = (slate: Slate | undefined) => slate?.items.map(({ item }) => item);
const pageAfter = (slate: Slate | undefined, asked: Query): Page => {
  const cursor = slate && serving.cursors.next(slate);
  const page = cursor === undefined ? 'none' : serving.cursors.open(cursor, asked, askedAt);
  if (typeof page === 'string') throw new Error(page);
  return page;
};

describe('pins', () => {
  it('that fill the answer leave the user a list to go on with', async () => {
    serving.setUser({ list: list(candidates([1, 2, 3, 4])) });
    serving.setRules(rule('p', { action: 'pin', item: 'i9', position: 1 }));
    const asked = query({ limit: 1 });
    const slate = await serving.recommend(asked);
    expect(slate).toMatchObject({ level: 'personal', items: [{ item: 9 }] });
    expect(idsOf(await serving.recommend({ ...asked, limit: 3, page: pageAfter(slate, asked) }))).toEqual([1, 2, 3]);
  });
});

describe('a later page', () => {
  it('shows nothing that the user had dismissed or bought, though Redis has gone since', async () => {
    serving.setUser({
      list: list(candidates([1, 2, 3, 4, 5, 6, 7])),
      profile: profile([], { dismissed: [5], bought: [6] }),
    });
    const asked = query({ constraints: { ...noConstraints, noneOf: ['x:y'] } });
    const page = pageAfter(await serving.recommend(asked), asked);
    serving.redis.away = true;
    expect(idsOf(await serving.recommend({ ...asked, page }))).toEqual([4, 7]);
  });

  it('is there as long as something is left, however often lists repeat one another', async () => {
    serving.setUser({ list: list(candidates([1, 2, 3])), profile: profile([]) });
    serving.setPopular('home|de', [1, 2, 3]);
    serving.setPopular('|', [30, 31, 32]);
    expect(pageAfter(await serving.recommend(query()), query()).rest).toEqual([30, 31, 32]);
  });
});

describe('fresh slots', () => {
  it('never put a new item in the place of another', async () => {
    for (const item of [3, 40]) serving.setItem(item, { publishedAt: askedAt - 1_000 });
    serving.setSurface('home', { fresh: { slots: 2, window_days: 7 } });
    serving.setUser({ list: list(candidates([1, 2, 3])) });
    const slate = await serving.recommend(query());
    expect(idsOf(slate)?.toSorted((a, b) => a - b)).toEqual([1, 3, 40]);
    expect(slate?.rest).toEqual([2]);
  });

  it('look at a bounded number of new items, and say nothing of those that do not pass', async () => {
    for (let item = 1; item <= 900; item += 1) serving.setItem(item, { publishedAt: askedAt - item });
    serving.setSurface('home', { fresh: { slots: 1, window_days: 7 } });
    serving.setUser({ list: list(candidates([1])) });
    serving.setRules(rule('w', { action: 'whitelist', items: ['i1000'] }));
    expect((await serving.recommend(query()))?.removed).toEqual([
      { item: 1, level: 'personal', filter: 'not_whitelisted' },
    ]);
  });
});

describe('boosts', () => {
  it('count once in an answer that is remembered', async () => {
    serving.setUser({ list: list(candidates([1, 2, 3])) });
    serving.setRules(rule('b', { action: 'boost', items: ['i2'], factor: 1.5 }));
    expect(idsOf(await serving.recommend(query()))).toEqual([1, 2, 3]);
    serving.redis.away = true;
    expect(await serving.recommend(query())).toMatchObject({
      level: 'last_known_good',
      items: [{ item: 1 }, { item: 2 }, {}],
    });
  });
});

describe('a blend', () => {
  it('leaves a user with an empty list to the session', async () => {
    serving.setSurface('home', { blend: { personal: 1, affinity: 0, popular: 0.2, history: 0 } });
    serving.setUser({ list: list([]), recent: recent(...clicks(10)) });
    serving.setSimilar(10, list(candidates([20, 21, 22])));
    serving.setPopular('|', [30, 31, 32]);
    expect(await serving.recommend(query())).toMatchObject({ level: 'session', items: [{ item: 20 }, {}, {}] });
  });
});

describe('a replay', () => {
  it('of a request whose context items nobody knows asks for the neighbours that were asked for', async () => {
    serving.setUser({ recent: recent(...clicks(3)) });
    serving.setSimilar(3, list(candidates([10, 11, 12])));
    const asked = query({ contextItems: ['gone'] });
    const answered = idsOf(await serving.recommend(asked));
    expect(answered).toEqual([10, 11, 12]);
    expect(serving.retained.find('r1', 0)?.answered).toEqual(answered);
    const request = serving.retained.find('r1', 0);
    expect(request && (await replay(request, serving)).isSame).toBe(true);
  });
});
