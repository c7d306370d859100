import type { RecentEvent } from '../../../pipeline/domain/packed-recent.ts';
import type { BenchUser, DataSet, Scored } from './data-set.ts';
import { blendDiversity, blendWeights, listLength, type Surface } from './population.ts';

/** What a list must say, worked out from the data set the slow way and with none of serving's code. */
export interface ExpectedAnswer {
  readonly itemIds: readonly string[];
  readonly level: string;
  /** Event id, null where no list is known. */
  readonly reflects: string | null;
}

const [addType, purchaseType, dismissType] = [2, 3, 8];
const continuedFrom = 5;
/** Popular items that a blend takes in. */
const crowdLimit = 50;

/** Everything that the user must not be shown, whatever it comes from. */
export function heldBack({ items }: DataSet, { known, recent }: BenchUser, now: number): (item: number) => boolean {
  const seen = [...(known?.session ?? []), ...recent].map(({ item }) => item);
  const cart = new Set(known?.inCart);
  for (const { item, type } of recent) {
    if (type === addType) cart.add(item);
    if (type === purchaseType) cart.delete(item);
  }
  const byType = (wanted: number | undefined) => recent.filter(({ type }) => type === wanted).map(({ item }) => item);
  const unwanted = new Set([
    ...seen,
    ...cart,
    ...(known?.bought ?? []),
    ...byType(purchaseType),
    ...(known?.dismissed ?? []),
    ...byType(dismissType),
  ]);
  return (number) => {
    const item = items[number - 1];
    const isGone = item === undefined || !item.available || (item.archivedAt !== null && item.archivedAt <= now);
    return isGone || unwanted.has(number);
  };
}

/** Neighbours of the latest items, each weighted by how late it came. */
function continued({ similar }: DataSet, recent: readonly RecentEvent[]): Offer[] {
  const latest = [...recent].sort((a, b) => b.occurredAt - a.occurredAt).map(({ item }) => item);
  const anchors = [...new Set(latest)].slice(0, continuedFrom);
  const sums = new Map<number, number>();
  for (const [place, anchor] of anchors.entries()) {
    const weight = (anchors.length - place) / anchors.length;
    for (const { item, score } of similar[anchor - 1] ?? [])
      sums.set(item, (sums.get(item) ?? 0) + weight * Math.fround(score));
  }
  return inOrder(sums);
}

interface Offer {
  readonly item: number;
  readonly score: number;
}

const inOrder = (sums: ReadonlyMap<number, number>): Offer[] =>
  [...sums].sort(([a, x], [b, y]) => y - x || a - b).map(([item, score]) => ({ item, score }));

/** Scores as Redis holds them. */
const stored = (list: readonly Scored[] = []): Offer[] =>
  list.map(({ item, score }) => ({ item, score: Math.fround(score) }));

/** Sums of weight / (60 + rank), the greatest first, of equal ones the smaller number first. */
function fused(lists: readonly (readonly [weight: number, offers: readonly Offer[]])[]): Offer[] {
  const sums = new Map<number, number>();
  for (const [weight, list] of lists) {
    for (const [i, { item }] of list.entries()) sums.set(item, (sums.get(item) ?? 0) + weight / (61 + i));
  }
  return inOrder(sums);
}

/** Share of tags that two items have in common. */
function likeness({ items }: DataSet, a: number, b: number): number {
  const [x, y] = [a, b].map((number) => new Set(items[number - 1]?.tags)) as [Set<string>, Set<string>];
  const common = [...x].filter((tag) => y.has(tag)).length;
  return common === 0 ? 0 : Math.fround(common / (x.size + y.size - common));
}

/** One after the other of the first 60 what is relevant and unlike those taken. */
function diverse(data: DataSet, offers: readonly Offer[], taken: readonly number[]): number[] {
  const open = offers.slice(0, 3 * listLength);
  const best = Math.max(...open.map(({ score }) => score));
  const chosen: number[] = [];
  const worth = ({ item, score }: Offer) => {
    const alike = Math.max(0, ...[...taken, ...chosen].map((other) => likeness(data, item, other)));
    return ((1 - blendDiversity) * score) / best - blendDiversity * alike;
  };
  while (open.length > 0 && taken.length + chosen.length < listLength) {
    const values = open.map(worth);
    const [next] = open.splice(values.indexOf(Math.max(...values)), 1);
    if (next) chosen.push(next.item);
  }
  return chosen;
}

function rungs(data: DataSet, { known, recent }: BenchUser, surface: Surface): [level: string, offers: Offer[]][] {
  const popular = stored(data.popular.get(`${surface}|${known?.locale ?? ''}`));
  const list = stored(known?.list);
  const { personal, popular: crowd } = blendWeights;
  const own: [string, Offer[]] = known
    ? [
        'personal',
        surface === 'list'
          ? list
          : fused([
              [personal, list],
              [crowd, popular.slice(0, crowdLimit)],
            ]),
      ]
    : ['session', recent.length > 0 ? continued(data, recent) : []];
  return [own, ['segment_popular', popular], ['global_popular', stored(data.popular.get('|'))]];
}

export interface Asked {
  readonly surface: Surface;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Candidates in their order, rung after rung, without those held back. */
export function expectedAnswer(data: DataSet, user: BenchUser, { surface, now }: Asked): ExpectedAnswer {
  const isHeldBack = heldBack(data, user, now);
  const found = new Map<number, string>();
  for (const [level, offered] of rungs(data, user, surface)) {
    const eligible = offered.filter(({ item }) => !found.has(item) && !isHeldBack(item));
    const room = listLength - found.size;
    const items = surface === 'list' ? eligible.map(({ item }) => item) : diverse(data, eligible, [...found.keys()]);
    for (const item of items.slice(0, room)) found.set(item, level);
  }
  return {
    itemIds: [...found.keys()].map((number) => data.items[number - 1]?.itemId as string),
    level: [...found.values()][0] ?? 'none',
    reflects: user.known?.reflects.eventId ?? null,
  };
}
