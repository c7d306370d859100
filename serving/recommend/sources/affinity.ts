import { sourceBit } from '../../../pipeline/domain/packed-list.ts';
import type { Candidate, HydratedQuery } from '../query.ts';

const affinity = sourceBit('affinity');

/** Popular items with tags that the user likes, by popularity times how much the tags are liked; best first. */
export function affinityCandidates({ user, items }: HydratedQuery, popular: readonly Candidate[]): Candidate[] {
  const liked = new Map<number, number>();
  for (const { tag, weight } of user.profile?.affinity ?? []) {
    const number = items.tagOfHash(tag);
    if (number !== undefined) liked.set(number, weight);
  }
  if (liked.size === 0) return [];
  return popular
    .map(({ item, score }) => {
      const liking = items.tagsOf(item).reduce((sum, tag) => sum + (liked.get(tag) ?? 0), 0);
      return { item, score: liking * Math.max(0, score), sources: affinity, because: 0 };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.item - b.item);
}
