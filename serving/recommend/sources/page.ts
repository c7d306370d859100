import type { Candidate, HydratedQuery } from '../query.ts';

/**
 * What the cursor of an earlier page left, in its order. What the user's list says of an item today (where it comes
 * from) is told again; scores go on falling from the last one shown.
 */
export function pageCandidates({ page, user }: HydratedQuery): readonly Candidate[] {
  if (page === undefined) return [];
  const known = new Map(user.list?.candidates.map((candidate) => [candidate.item, candidate]));
  return page.rest.map((item, index) => {
    const { sources = 0, because = 0 } = known.get(item) ?? {};
    return { item, score: page.score * (1 - (index + 1) / (page.rest.length + 1)), sources, because };
  });
}
