import { beforeEach, describe, expect, it } from 'vitest';
import { sourceBit } from '../../../pipeline/domain/packed-list.ts';
import type { StatedRule } from '../../../pipeline/domain/rule.ts';
import { ruleSchema } from '../../../pipeline/domain/rule.ts';
import type { Answer } from '../../../serving/recommend/answer.ts';
import { catalogueOf, meanOver, ndcg, sharedTags } from '../../support/diverse-catalogue.ts';
import {
  askedAt,
  candidates,
  clicks,
  createServingApp,
  createServingHarness,
  list,
  profile,
  recent,
  type ServingHarness,
} from '../../support/serving-harness.ts';

const colours = ['color:red', 'color:blue', 'color:green'];
const all = Array.from({ length: 50 }, (_, index) => index + 1);
let serving: ServingHarness;
let app: ReturnType<typeof createServingApp>;

/** 50 items in three colours and five brands; u1 has a list of all of them, in order of their numbers. */
beforeEach(() => {
  serving = createServingHarness();
  app = createServingApp(serving);
  for (const item of all) serving.setItem(item, { tags: [colours[item % 3] as string, `brand:b${item % 5}`] });
  serving.setUser({ list: list(candidates(all)), profile: profile([]) });
  serving.setPopular('|', [40, 41, 42, 43, 44, 45]);
});

const json = { 'content-type': 'application/json' };
async function answered(response: Response | Promise<Response>): Promise<Answer> {
  const settled = await response;
  expect(settled.status).toBe(200);
  return (await settled.json()) as Answer;
}
const get = (userId = 'u1', { limit = 10, ...more }: { limit?: number; explain?: boolean; cursor?: string } = {}) => {
  const query = Object.entries(more).map(([name, value]) => `&${name}=${value}`);
  return answered(
    app.request(`/v1/recommendations/${userId}?namespace=shop&surface=home&limit=${limit}${query.join('')}`),
  );
};
const post = (body: object) =>
  answered(
    app.request('/v1/recommendations', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ user_id: 'u1', namespace: 'shop', surface: 'home', limit: 10, ...body }),
    }),
  );
const idsOf = ({ items }: Answer) => items.map(({ item_id }) => item_id);
const tagsOf = (id: string) => [colours[Number(id.slice(1)) % 3], `brand:b${Number(id.slice(1)) % 5}`];
const ruled = (id: string, body: object): StatedRule => ({ ...ruleSchema.parse(body), id, revision: 1 });

it('strict include: every item has the tag that is asked for, and the list is filled with such items', async () => {
  const ids = idsOf(await post({ constraints: { include_tags_all: ['Color: Red', 'brand:b1'] } }));
  expect(ids.length).toBeGreaterThan(2);
  for (const id of ids) expect(tagsOf(id)).toEqual(['color:red', 'brand:b1']);
  expect(idsOf(await post({ constraints: { include_tags_any: ['color:red'] } }))).toHaveLength(10);
  expect(idsOf(await post({ constraints: { include_tags_any: ['color:none'] } }))).toEqual([]);
});

it('hard exclude: no item has a tag that is not wanted, from whichever rung it comes', async () => {
  serving.setUser({ list: list(candidates([3, 6, 9])) });
  const ids = idsOf(await post({ constraints: { exclude_tags_any: ['color:red'] } }));
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) expect(tagsOf(id)).not.toContain('color:red');
});

it('boost monotonic: the greater the factor, the further up, and never down', async () => {
  const placeBy = async (factor: number) => {
    serving.setRules(ruled('up', { action: 'boost', items: ['i20'], factor }));
    const place = idsOf(await get('u1', { limit: 50 })).indexOf('i20');
    return place < 0 ? Number.POSITIVE_INFINITY : place;
  };
  const places: number[] = [];
  for (const factor of [0.01, 0.5, 0.9, 1, 1.1, 2, 3, 5, 10, 100]) places.push(await placeBy(factor));
  expect(places).toEqual(places.toSorted((a, b) => b - a));
  expect(places.at(-1)).toBe(0);
  expect(places[3]).toBe(19);
  expect(places[0]).toBeGreaterThan(19);
});

it('pin position: the item is at exactly that position, whatever the rest is, and nowhere else', async () => {
  for (const position of [1, 4, 10]) {
    serving.setRules(ruled('p', { action: 'pin', item: 'i33', position }));
    const answer = await get();
    expect(idsOf(answer).flatMap((id, index) => (id === 'i33' ? [index + 1] : []))).toEqual([position]);
    expect(answer.items[position - 1]).toMatchObject({ position, reasons: [{ code: 'pinned', rule: 'p' }] });
    expect(answer.items).toHaveLength(10);
  }
});

it('whitelist: only what some whitelist names is shown, pins and popular items included', async () => {
  serving.setRules(
    ruled('reds', { action: 'whitelist', tags: ['color:red'] }),
    ruled('one', { action: 'whitelist', items: ['i2'] }),
    ruled('pin', { action: 'pin', item: 'i4', position: 1 }),
  );
  const ids = idsOf(await get('u1', { limit: 50 }));
  expect(ids).toHaveLength(Math.floor(50 / 3) + 1);
  for (const id of ids) expect(id === 'i2' || tagsOf(id).includes('color:red')).toBe(true);
});

it('cold user: somebody nobody knows gets what is popular, with its reason', async () => {
  const answer = await get('nobody');
  expect(answer).toMatchObject({ fallback_level: 'global_popular', reflects: null });
  expect(idsOf(answer)).toEqual(['i40', 'i41', 'i42', 'i43', 'i44', 'i45']);
  for (const { reasons } of answer.items) expect(reasons).toEqual([{ code: 'popular' }]);
});

it('new item exposure: items that nobody has met are shown to everybody, each to about as many people', async () => {
  const news = [101, 102, 103, 104];
  for (const item of news) serving.setItem(item, { publishedAt: askedAt - 3_600_000 });
  serving.setItem(105, { publishedAt: askedAt - 90 * 86_400_000 });
  serving.setSurface('home', { fresh: { slots: 1, window_days: 14 } });
  const shown = new Map<string, number>();
  for (let user = 0; user < 400; user += 1) {
    serving.setUser({ list: list(candidates(all)) }, { userId: `n${user}` });
    const fresh = (await get(`n${user}`)).items.filter(({ sources }) => sources.includes('fresh'));
    expect(fresh).toHaveLength(1);
    for (const { item_id } of fresh) shown.set(item_id, (shown.get(item_id) ?? 0) + 1);
  }
  expect([...shown.keys()].sort()).toEqual(news.map((item) => `i${item}`));
  for (const count of shown.values()) expect(count).toBeGreaterThan(50);
});

describe('diversity', () => {
  const weights = [0, 0.1, 0.2, 0.3, 0.5, 0.7, 1];
  /** What 40 users lose in NDCG@20, and how alike the items of their lists are, by weight. */
  const measured = async (weight: number) => {
    const catalogue = catalogueOf({ users: 40, listed: 150, seed: 7 });
    for (const [item, tags] of catalogue.tags) serving.setItem(item, { tags });
    serving.setSurface('home', { diversity: weight });
    const quality: number[] = [];
    const likeness: number[] = [];
    for (const [index, own] of catalogue.lists.entries()) {
      serving.setUser({ list: list(own) }, { userId: `d${index}` });
      const ids = idsOf(await get(`d${index}`, { limit: 20 })).map((id) => Number(id.slice(1)));
      quality.push(ndcg(ids, own));
      likeness.push(sharedTags(ids, catalogue.tags));
    }
    return { ndcg: meanOver(quality), likeness: meanOver(likeness) };
  };

  it('diversity budget: 0.3 makes lists less alike and costs at most 5 % of NDCG@20', async () => {
    const [plain, diverse] = [await measured(0), await measured(0.3)];
    expect(plain.ndcg).toBeCloseTo(1, 6);
    expect(diverse.likeness).toBeLessThan(0.75 * plain.likeness);
    expect(diverse.ndcg).toBeGreaterThanOrEqual(0.95);
  });

  it('trade-off curve: more weight means less likeness and no more relevance', async () => {
    const curve = [];
    for (const weight of weights) curve.push(await measured(weight));
    for (const [at, point] of curve.entries()) {
      const before = curve[at - 1];
      if (before === undefined) continue;
      expect(point.ndcg).toBeLessThanOrEqual(before.ndcg + 0.005);
      expect(point.likeness).toBeLessThanOrEqual(before.likeness + 0.005);
    }
    expect((curve.at(-1) as (typeof curve)[number]).likeness).toBeLessThan(
      0.7 * (curve[0] as (typeof curve)[number]).likeness,
    );
  });
});

it('explanations present: every item says where it comes from, every removal why', async () => {
  serving.setUser({
    list: list(candidates(all, 1, { because: 50 })),
    profile: profile(clicks(50), { bought: [1], dismissed: [2] }),
    recent: recent(...clicks(3)),
  });
  serving.setItem(4, { available: false });
  serving.setRules(
    ruled('no', { action: 'block', items: ['i5'] }),
    ruled('up', { action: 'boost', items: ['i9'], factor: 9 }),
  );
  const { items, explain } = await get('u1', { explain: true });
  for (const item of items) {
    expect(item.sources).not.toEqual([]);
    expect(item.reasons).toEqual([{ code: 'session', because: 'i50' }]);
  }
  const why = Object.fromEntries(explain?.removed.map(({ item_id, filter }) => [item_id, filter]) ?? []);
  expect(why).toMatchObject({ i1: 'bought', i2: 'dismissed', i3: 'current', i4: 'unavailable', i5: 'blocked' });
  expect(explain?.removed.find(({ item_id }) => item_id === 'i5')?.rule).toBe('no');
  expect(explain?.rules).toEqual({
    in_force: ['no', 'up'],
    applied: [{ rule: 'up', action: 'boost', item_id: 'i9', position: 1 }],
  });
});

it('page 2 never repeats page 1 while events flow, nor does it leave an item out', async () => {
  const first = await get();
  // The model turns the list round, the user clicks on, an item becomes unavailable.
  serving.setUser({ list: list(candidates(all.toReversed())), recent: recent(...clicks(15)) });
  serving.setItem(16, { available: false });
  const ids = [...idsOf(first)];
  let cursor = first.next_cursor;
  let pages = 1;
  for (; cursor !== null; pages += 1) {
    const page = await get('u1', { cursor });
    expect(page.request_id).toBe(first.request_id);
    expect(page.items.map(({ position }) => position)).toEqual(page.items.map((_, at) => ids.length + at + 1));
    expect(page.items[0]?.score).toBeLessThanOrEqual(first.items.at(-1)?.score ?? 0);
    ids.push(...idsOf(page));
    cursor = page.next_cursor;
  }
  expect(pages).toBe(5);
  expect(ids).toEqual(all.filter((item) => item !== 15 && item !== 16).map((item) => `i${item}`));
});

it('two namespaces never see each other: items, lists, rules, cursors', async () => {
  serving.setItem(7, { itemId: 'theirs' }, 'other');
  serving.popularity.set(1, 'other', '|', candidates([7], 9, { sources: sourceBit('popular') }));
  serving.setRules(ruled('ours', { action: 'block', items: ['theirs'] }));
  const theirs = await answered(app.request('/v1/recommendations/u1?namespace=other&surface=home'));
  expect(idsOf(theirs)).toEqual(['theirs']);
  expect(idsOf(await get('u1', { limit: 50 }))).not.toContain('theirs');
  const { next_cursor } = await get();
  const crossed = await app.request(`/v1/recommendations/u1?namespace=other&surface=home&cursor=${next_cursor}`);
  expect(crossed.status).toBe(410);
});
