/** How often a tag was met on one event-time day by one type of interaction. */
export interface TagCount {
  /** Days since the epoch, UTC. */
  readonly day: number;
  /** Index in `interactionTypes`. */
  readonly type: number;
  readonly tag: string;
  count: number;
}

/** Counts by `day type tag`. */
export type Affinity = Map<string, TagCount>;

const dayMs = 86_400_000;

export function countTags(affinity: Affinity, tags: readonly string[], type: number, occurredAt: number): void {
  const day = Math.floor(occurredAt / dayMs);
  for (const tag of new Set(tags)) {
    const key = `${day} ${type} ${tag}`;
    const known = affinity.get(key);
    if (known) known.count += 1;
    else affinity.set(key, { day, type, tag, count: 1 });
  }
}

export interface AffinityWindow {
  readonly days: number;
  readonly limit: number;
}

/**
 * Counts of the newest `days` days, back from the newest day there is, and of these the `limit` newest by
 * (day, tag, type). Both bounds only rise, so a count that is cut could not have stayed in any order.
 */
export function newestCounts(affinity: Affinity, { days, limit }: AffinityWindow): Affinity {
  let newest = Number.NEGATIVE_INFINITY;
  for (const { day } of affinity.values()) newest = Math.max(newest, day);
  const kept = [...affinity].filter(([, { day }]) => day > newest - days);
  return new Map(kept.sort(newestFirst).slice(0, limit));
}

function newestFirst([, a]: [string, TagCount], [, b]: [string, TagCount]): number {
  return b.day - a.day || (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0) || a.type - b.type;
}
