import { describe, expect, it } from 'vitest';
import { type DataSet, itemIdOf, type KnownUser } from '../../../../../ops/load/serve/data-set.ts';
import { expectedAnswer } from '../../../../../ops/load/serve/reference.ts';

const now = 1_000_000;
const asked = { surface: 'list', now } as const;
const item = (number: number, fields: object = {}) => ({
  ...{
    itemId: itemIdOf(number),
    available: true,
    archivedAt: null,
    price: null,
    currency: null,
    tags: [`item:${number}`],
    parentId: null,
    publishedAt: null,
    ...fields,
  },
});
const list = (...numbers: readonly number[]) =>
  numbers.map((number, rank) => ({ item: number, score: 1 / (1 + rank) }));
const data: DataSet = {
  items: Array.from({ length: 40 }, (_, i) => item(i + 1)).map((one, i) =>
    i === 1 ? { ...one, available: false } : i === 2 ? { ...one, archivedAt: now } : one,
  ),
  users: [],
  popular: new Map([
    ['list|', list(30, 31)],
    ['list|de', list(32)],
    ['blend|de', list(33, 8)],
    ['|', list(33, 30)],
  ]),
  similar: [list(10, 11), list(11, 12), ...Array.from({ length: 38 }, () => [])],
};
const known: KnownUser = {
  list: list(1, 2, 3, 4, 5, 6, 7, 8),
  reflects: { eventId: 'e', receivedAt: 1, occurredAt: 1 },
  locale: 'de',
  session: [{ item: 4, type: 0, occurredAt: 1 }],
  bought: [5],
  dismissed: [6],
  inCart: [7],
};
const idsOf = (user: Parameters<typeof expectedAnswer>[1]) => expectedAnswer(data, user, asked).itemIds;
const ids = (...numbers: readonly number[]) => numbers.map(itemIdOf);

describe('the reference of bench serve', () => {
  it('holds back what is gone, seen, bought, dismissed or in the cart, and fills up from what is popular', () => {
    expect(expectedAnswer(data, { userId: 'u', known, recent: [] }, asked)).toEqual({
      itemIds: ids(1, 8, 32, 33, 30),
      level: 'personal',
      reflects: 'e',
    });
  });

  it('fuses the list with what is popular by reciprocal ranks where the surface says so', () => {
    // 8 is the eighth of the list and the second of what is popular: 1/68 + 0.3/62 is more than 1/61.
    const { itemIds } = expectedAnswer(data, { userId: 'u', known, recent: [] }, { surface: 'blend', now });
    expect(itemIds).toEqual(ids(8, 1, 33, 30));
  });

  it('takes what is unlike the items before it where the surface blends', () => {
    const items = data.items.map((one, at) => ({ ...one, tags: at === 0 || at === 7 ? ['brand:a'] : ['brand:b'] }));
    const user = { userId: 'u', known: { ...known, list: list(8, 1, 9) }, recent: [] };
    // 1 is like 8 in every tag, 9 in none, and not much less relevant.
    const { itemIds } = expectedAnswer({ ...data, items }, user, { surface: 'blend', now });
    expect(itemIds).toEqual(ids(8, 9, 1, 33, 30));
  });

  it('knows of recent events what the list does not, yet', () => {
    const recent = [{ item: 1, type: 2, occurredAt: 2 }];
    expect(idsOf({ userId: 'u', known, recent })).toEqual(ids(8, 32, 33, 30));
  });

  it('goes on from the latest items where there is no list', () => {
    const recent = [
      { item: 1, type: 0, occurredAt: 1 },
      { item: 2, type: 0, occurredAt: 2 },
    ];
    // 2 is the later one: 11 has 1 + ½ · ½, 12 has ½, 10 has ½; the lower number goes first.
    const answer = expectedAnswer(data, { userId: 'u', known: undefined, recent }, asked);
    expect(answer).toEqual({ itemIds: ids(11, 10, 12, 30, 31, 33), level: 'session', reflects: null });
  });

  it('answers strangers from what is popular where they are, then everywhere', () => {
    const answer = expectedAnswer(data, { userId: 'u', known: undefined, recent: [] }, asked);
    expect(answer).toEqual({ itemIds: ids(30, 31, 33), level: 'segment_popular', reflects: null });
  });
});
