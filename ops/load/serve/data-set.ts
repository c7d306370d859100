import type { ItemAttributes } from '../../../pipeline/domain/item-attributes.ts';
import type { Reflects } from '../../../pipeline/domain/packed-list.ts';
import type { RecentEvent } from '../../../pipeline/domain/packed-recent.ts';
import { createRandom, type Random } from '../../chaos/random.ts';
import { eventIdOf } from '../ingest/events.ts';
import { isCold, surfaces, userIdOf } from './population.ts';

/** Everything that the measured processes answer from, before it is in Redis in their own forms. */
export interface DataSet {
  /** At index number − 1. */
  readonly items: readonly ItemAttributes[];
  readonly users: readonly BenchUser[];
  /** Segment → numbers, most popular first. */
  readonly popular: ReadonlyMap<string, readonly Scored[]>;
  /** Neighbours of an item, at index number − 1. */
  readonly similar: readonly (readonly Scored[])[];
}

export interface Scored {
  readonly item: number;
  /** A float32. */
  readonly score: number;
}

export interface BenchUser {
  readonly userId: string;
  /** Undefined for cold users, and for those of whom only recent events are known. */
  readonly known: KnownUser | undefined;
  /** Oldest first. */
  readonly recent: readonly RecentEvent[];
}

export interface KnownUser {
  readonly list: readonly Scored[];
  readonly reflects: Reflects;
  readonly locale: string;
  readonly session: readonly RecentEvent[];
  readonly bought: readonly number[];
  readonly dismissed: readonly number[];
  readonly inCart: readonly number[];
}

export interface DataSetOptions {
  readonly users: number;
  readonly items: number;
}

const seed = 20_261_126;
const startsAt = 1_763_683_200_000;
const candidates = 150;
const neighbours = 50;
/** List of one in 33, such as after little history: the answer is filled up from what is popular. */
const shortList = 12;
const locales = ['de', 'en'] as const;
const [view, click, add, purchase, dismiss] = [0, 1, 2, 3, 8];

export const itemIdOf = (number: number): string => `sku-${String(number).padStart(6, '0')}`;
export const segments = [
  '|',
  ...surfaces.flatMap((surface) => [`${surface}|`, ...locales.map((locale) => `${surface}|${locale}`)]),
];

/** Skewed towards low numbers, which are the popular ones. */
const drawItem = (random: Random, items: number): number => 1 + Math.floor(items * random.next() ** 2);

function distinct(random: Random, items: number, count: number): number[] {
  const found = new Set<number>();
  while (found.size < count) found.add(drawItem(random, items));
  return [...found];
}

const ranked = (numbers: readonly number[]): Scored[] =>
  numbers.map((item, rank) => ({ item, score: Math.fround(1 / (1 + 0.05 * rank)) }));

/** 3 % are unavailable, 1 % were archived, 1 % will be. */
function makeItem(number: number): ItemAttributes {
  const archivedAt = number % 101 === 0 ? startsAt : number % 103 === 0 ? startsAt + 1e12 : null;
  return {
    itemId: itemIdOf(number),
    available: number % 33 !== 0,
    archivedAt,
    price: `${(number % 200) + 5}.90`,
    currency: 'EUR',
    tags: [`category:c${number % 40}`, `brand:b${number % 300}`, `color:k${number % 12}`],
    parentId: null,
    publishedAt: null,
  };
}

/** Some of what the user did is at the head of the list, so that filters have something to hold back. */
function makeKnown(random: Random, user: number, { items }: DataSetOptions): KnownUser {
  const list = distinct(random, items, user % 33 === 32 ? shortList : candidates);
  const fromHead = () => list[random.between(0, Math.min(29, list.length - 1))] as number;
  const others = distinct(random, items, 18);
  const receivedAt = startsAt + user * 1_000;
  const session = [...others.slice(0, 6), fromHead(), fromHead()].map((item, i) => ({
    item,
    type: i % 3 === 0 ? (click as number) : (view as number),
    occurredAt: receivedAt - (9 - i) * 30_000,
  }));
  return {
    list: ranked(list),
    reflects: { eventId: eventIdOf(startsAt, user), receivedAt, occurredAt: receivedAt - 200 },
    locale: locales[user % 2] as string,
    session,
    bought: [...others.slice(6, 14), fromHead(), fromHead()],
    dismissed: [...others.slice(14, 16), fromHead()],
    inCart: [...others.slice(16, 18), fromHead()],
  };
}

function makeRecent(random: Random, user: number, items: readonly number[]): RecentEvent[] {
  const types = [view, click, add, view, dismiss, purchase] as number[];
  const from = startsAt + user * 1_000 + 60_000;
  return items.map((item, i) => ({
    item,
    type: types[i % types.length] as number,
    occurredAt: from + i * 5_000 + random.between(0, 99),
  }));
}

function makeUser(random: Random, user: number, options: DataSetOptions): BenchUser {
  const userId = userIdOf(user);
  if (isCold(user, options.users)) return { userId, known: undefined, recent: [] };
  if (user % 50 === 49) {
    const recent = makeRecent(random, user, distinct(random, options.items, 4));
    return { userId, known: undefined, recent };
  }
  const known = makeKnown(random, user, options);
  const heads = distinct(random, Math.min(30, known.list.length), 2).map(
    (rank) => known.list[rank - 1]?.item as number,
  );
  const recent = [...heads, ...distinct(random, options.items, random.between(0, 8)), known.inCart[0] as number];
  return { userId, known, recent: makeRecent(random, user, recent) };
}

/** The same for the same numbers. */
export function makeDataSet(options: DataSetOptions): DataSet {
  const random = createRandom(seed);
  const items = Array.from({ length: options.items }, (_, i) => makeItem(i + 1));
  return {
    items,
    similar: items.map(() => ranked(distinct(random, options.items, neighbours))),
    popular: new Map(segments.map((segment) => [segment, ranked(distinct(random, options.items, candidates))])),
    users: Array.from({ length: options.users }, (_, user) => makeUser(random, user, options)),
  };
}
