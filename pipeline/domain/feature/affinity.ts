import { dayOf } from '../day.ts';

/** How often a tag was met on one event-time day by one type of interaction. */
export interface TagCount {
  /** Days since the epoch, UTC. */
  readonly day: number;
  /** Index in `interactionTypes`. */
  readonly type: number;
  readonly tag: string;
  count: number;
}

/** Counts in the order of `compareTagCounts`, each (day, tag, type) once. */
export type Affinity = TagCount[];

/** Newest day first, then by tag and type. */
export function compareTagCounts(a: Omit<TagCount, 'count'>, b: Omit<TagCount, 'count'>): number {
  return b.day - a.day || (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0) || a.type - b.type;
}

/** Kept sorted, for it is read, cut and written in this order far more often than a count is new. */
export function countTags(affinity: Affinity, tags: readonly string[], type: number, occurredAt: number): void {
  const day = dayOf(occurredAt);
  for (const tag of new Set(tags)) {
    const wanted = { day, type, tag };
    const at = placeOf(affinity, wanted);
    const known = affinity[at];
    if (known !== undefined && compareTagCounts(known, wanted) === 0) known.count += 1;
    else affinity.splice(at, 0, { ...wanted, count: 1 });
  }
}

/** Index of the first count that does not come before `wanted`. */
function placeOf(affinity: Affinity, wanted: Omit<TagCount, 'count'>): number {
  let low = 0;
  let high = affinity.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareTagCounts(affinity[middle] as TagCount, wanted) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface AffinityWindow {
  readonly days: number;
  readonly limit: number;
}

/**
 * Counts of the newest `days` days, back from the newest day there is, and of these the first `limit`. Both bounds
 * only rise, so a count that is cut could not have stayed in any order. Answers the list itself where nothing is cut.
 */
export function newestCounts(affinity: Affinity, { days, limit }: AffinityWindow): Affinity {
  const oldest = (affinity[0]?.day ?? 0) - days;
  let end = Math.min(affinity.length, limit);
  while (end > 0 && (affinity[end - 1] as TagCount).day <= oldest) end -= 1;
  return end === affinity.length ? affinity : affinity.slice(0, end);
}
