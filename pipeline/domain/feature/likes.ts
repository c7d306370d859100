import { affinityLimit, type TagAffinity, tagHash } from '../packed-profile.ts';
import type { NamespaceSettings } from '../settings.ts';

/** A tag loses half of its say in these days. */
const halfLifeDays = 14;

export interface DayCount {
  readonly day: number;
  readonly tag: string;
  readonly type: string;
  readonly count: number;
}

/**
 * The tags that a user likes most: counts by day, weighted by type of interaction and halved every 14 days, as
 * shares of the greatest in 255 steps. Ratings do not count: a count says nothing of stars.
 */
export function likedTags(
  counts: readonly DayCount[],
  weights: NamespaceSettings['weights'],
  today: number,
): TagAffinity[] {
  const sums = new Map<string, number>();
  for (const { day, tag, type, count } of counts) {
    const weight = (weights as Readonly<Record<string, number>>)[type] ?? 0;
    const share = count * weight * 0.5 ** (Math.max(0, today - day) / halfLifeDays);
    sums.set(tag, (sums.get(tag) ?? 0) + share);
  }
  const liked = [...sums].filter(([, sum]) => sum > 0).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const most = liked[0]?.[1] ?? 1;
  return liked
    .slice(0, affinityLimit)
    .map(([tag, sum]) => ({ tag: tagHash(tag), weight: Math.max(1, Math.round((255 * sum) / most)) }));
}
