import type { RecentEvent } from '../../../pipeline/domain/packed-recent.ts';
import type { BenchUser, DataSet, Scored } from './data-set.ts';
import { blendWeights, listLength, type Surface } from './population.ts';

/** What a list must say, worked out from the data set the slow way and with none of serving's code. */
export interface ExpectedAnswer {
  readonly itemIds: readonly string[];
  readonly level: string;
  /** Event id, null where no list is known. */
  readonly reflects: string | null;
}

const [addType, purchaseType, dismissType] = [2, 3, 8];
const continuedFrom = 5;
/** What popularity may bring into a blend. */
const popularInBlend = 50;

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
function continued({ similar }: DataSet, recent: readonly RecentEvent[]): number[] {
  const latest = [...recent].sort((a, b) => b.occurredAt - a.occurredAt).map(({ item }) => item);
  const anchors = [...new Set(latest)].slice(0, continuedFrom);
  const sums = new Map<number, number>();
  for (const [place, anchor] of anchors.entries()) {
    const weight = (anchors.length - place) / anchors.length;
    for (const { item, score } of similar[anchor - 1] ?? []) sums.set(item, (sums.get(item) ?? 0) + weight * score);
  }
  return [...sums].sort(([a, x], [b, y]) => y - x || a - b).map(([item]) => item);
}

const numbers = (list: readonly Scored[] = []): number[] => list.map(({ item }) => item);

/** Sums of weight / (60 + rank), the greatest first, of equal ones the smaller number first. */
function fused(lists: readonly (readonly [weight: number, numbers: readonly number[]])[]): number[] {
  const sums = new Map<number, number>();
  for (const [weight, list] of lists) {
    for (const [i, item] of list.entries()) sums.set(item, (sums.get(item) ?? 0) + weight / (61 + i));
  }
  return [...sums].sort(([a, x], [b, y]) => y - x || a - b).map(([item]) => item);
}

function rungs(data: DataSet, { known, recent }: BenchUser, surface: Surface): [level: string, numbers: number[]][] {
  const popular = numbers(data.popular.get(`${surface}|${known?.locale ?? ''}`));
  const list = numbers(known?.list);
  const { personal, popular: crowd } = blendWeights;
  const own: [string, number[]] = known
    ? [
        'personal',
        surface === 'list'
          ? list
          : fused([
              [personal, list],
              [crowd, popular.slice(0, popularInBlend)],
            ]),
      ]
    : ['session', recent.length > 0 ? continued(data, recent) : []];
  return [own, ['segment_popular', popular], ['global_popular', numbers(data.popular.get('|'))]];
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
    for (const item of offered) {
      if (found.size < listLength && !found.has(item) && !isHeldBack(item)) found.set(item, level);
    }
  }
  return {
    itemIds: [...found.keys()].map((number) => data.items[number - 1]?.itemId as string),
    level: [...found.values()][0] ?? 'none',
    reflects: user.known?.reflects.eventId ?? null,
  };
}
