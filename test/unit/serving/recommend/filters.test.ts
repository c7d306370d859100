import { beforeEach, describe, expect, it } from 'vitest';
import { typeNumber } from '../../../../pipeline/domain/interaction-type.ts';
import type { InteractionType } from '../../../../schemas/generated/interaction-recorded.v1.ts';
import { type Constraints, noConstraints } from '../../../../serving/recommend/constraints.ts';
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

const offered = [1, 2, 3, 4, 5, 6, 7, 8];
const did = (type: InteractionType, item: number) => ({ item, type: typeNumber(type), occurredAt: askedAt - 60_000 });

/** Puts the same candidates on each rung in turn, everything above it empty. */
const rungs: readonly [string, (serving: ServingHarness) => Promise<void>][] = [
  ['personal', async (serving) => serving.setUser({ list: list(candidates(offered)) })],
  [
    'session',
    async (serving) => {
      for (const item of [6, 7]) serving.setSimilar(item, list(candidates(offered)));
    },
  ],
  ['segment_popular', async (serving) => serving.setPopular('home|de', offered)],
  ['global_popular', async (serving) => serving.setPopular('|', offered)],
  [
    'last_known_good',
    async (serving) => {
      serving.setUser({ list: list(candidates(offered)) });
      await serving.recommend(query({ limit: 8 }));
      serving.redis.away = true;
    },
  ],
];

describe.each(rungs)('on the rung %s', (level, offer) => {
  let serving: ServingHarness;
  beforeEach(async () => {
    serving = createServingHarness();
    serving.setUser({ profile: profile(clicks(6)), recent: recent(...clicks(7)) });
    serving.setSurface('home', { exclude_current: false, exclude_seen: false });
  });

  async function shown(over = {}): Promise<number[]> {
    const slate = await serving.recommend(query({ limit: 8, ...over }));
    expect(slate?.level).toBe(level);
    return (slate?.items.map(({ item }) => item) ?? []).toSorted((a, b) => a - b);
  }

  it('shows everything that no filter minds', async () => {
    await offer(serving);
    expect(await shown()).toEqual(offered);
  });

  it('leaves out what became unavailable', async () => {
    await offer(serving);
    serving.setItem(2, { available: false });
    expect(await shown()).toEqual([1, 3, 4, 5, 6, 7, 8]);
    expect((await serving.counted('servingFiltered')).unavailable).toBe(1);
  });

  it('leaves out what is archived by now, but not what will be', async () => {
    await offer(serving);
    serving.setItem(3, { archivedAt: askedAt });
    serving.setItem(4, { archivedAt: askedAt + 1 });
    expect(await shown()).toEqual([1, 2, 4, 5, 6, 7, 8]);
    expect((await serving.counted('servingFiltered')).archived).toBe(1);
  });

  it('leaves out what the request excludes', async () => {
    await offer(serving);
    expect(await shown({ excludeItems: ['i5', 'nowhere'] })).toEqual([1, 2, 3, 4, 6, 7, 8]);
    expect((await serving.counted('servingFiltered')).excluded).toBe(1);
  });

  const owner = {
    profile: profile(clicks(6), { bought: [1], dismissed: [2], inCart: [3] }),
    recent: recent(did('purchase', 4), did('dismiss', 5), did('add', 8), ...clicks(7)),
  };

  it('leaves out what the user has bought, dismissed or put into the cart', async () => {
    serving.setUser(owner);
    await offer(serving);
    expect(await shown()).toEqual([6, 7]);
  });

  it('shows again what is bought or in the cart where the surface says so, and never what was dismissed', async () => {
    const own = { exclude_bought: false, exclude_in_cart: false };
    serving.setSurface('home', { exclude_current: false, exclude_seen: false, ...own });
    serving.setUser(owner);
    await offer(serving);
    expect(await shown()).toEqual([1, 3, 4, 6, 7, 8]);
  });

  it('holds to tags, prices and caps', async () => {
    await offer(serving);
    for (const item of offered) {
      const tags = [`brand:${item % 2}`, item < 5 ? 'category:shoes' : 'category:hats', `color:c${item}`];
      serving.setItem(item, { tags, price: String(item), currency: 'EUR' });
    }
    const where = (over: Partial<Constraints>) => shown({ constraints: { ...noConstraints, ...over } });
    expect(await where({ anyOf: [['category:shoes', 'color:c8']] })).toEqual([1, 2, 3, 4, 8]);
    expect(await where({ anyOf: [['category:shoes'], ['brand:1']] })).toEqual([1, 3]);
    expect(await where({ allOf: ['category:hats', 'brand:0'] })).toEqual([6, 8]);
    expect(await where({ noneOf: ['brand:1', 'color:c2'] })).toEqual([4, 6, 8]);
    expect(await where({ price: { min: 2, max: 4, currency: 'EUR' } })).toEqual([2, 3, 4]);
    expect(await where({ perCategory: 2 })).toHaveLength(4);
    expect(await where({ perBrand: 1 })).toHaveLength(2);
    expect(await where({ price: { min: 2, max: 4, currency: 'USD' } })).toEqual([]);
  });

  it('leaves out the item of the latest interaction where the surface asks for it', async () => {
    serving.setSurface('home', { exclude_current: true, exclude_seen: false });
    await offer(serving);
    expect(await shown()).toEqual([1, 2, 3, 4, 5, 6, 8]);
  });

  it('leaves out what was just seen where the surface asks for it', async () => {
    serving.setSurface('home', { exclude_current: false, exclude_seen: true });
    await offer(serving);
    expect(await shown()).toEqual([1, 2, 3, 4, 5, 8]);
  });
});

describe('what was just seen', () => {
  it('is gone from the next answer although the list does not reflect it yet', async () => {
    const serving = createServingHarness();
    serving.setUser({ list: list(candidates([5, 6, 7]), { eventId: 'e1', receivedAt: 1, occurredAt: 1 }) });
    expect((await serving.recommend(query()))?.items.map(({ item }) => item)).toEqual([5, 6, 7]);
    serving.setUser({ recent: recent(...clicks(5)) });
    expect((await serving.recommend(query()))?.items.map(({ item }) => item)).toEqual([6, 7]);
  });

  it('is current by when it happened, not by where it is written', async () => {
    const serving = createServingHarness();
    serving.setSurface('default', { exclude_current: true, exclude_seen: false });
    const at = (item: number, occurredAt: number) => ({ item, type: 1, occurredAt });
    serving.setUser({
      list: list(candidates([5, 6, 7])),
      profile: profile([at(5, 1), at(6, 9)]),
      recent: recent(at(7, 8), at(5, 1)),
    });
    expect((await serving.recommend(query()))?.items.map(({ item }) => item)).toEqual([5, 7]);
  });
});

it('leaves out numbers that no item is known for', async () => {
  const serving = createServingHarness();
  serving.setUser({ list: list(candidates([999, 4_000_000_000, 1])) });
  const slate = await serving.recommend(query());
  expect(slate?.items.map(({ item }) => item)).toEqual([1]);
  expect(slate?.removed).toEqual([
    { item: 999, level: 'personal', filter: 'unknown' },
    { item: 4_000_000_000, level: 'personal', filter: 'unknown' },
  ]);
});
