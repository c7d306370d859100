import { sourceBit } from '../../../pipeline/domain/packed-list.ts';
import type { Candidate, HydratedQuery } from '../query.ts';

const history = sourceBit('history');

/** What the user has bought, latest first: for surfaces that show it again (`exclude_bought` false, or a window). */
export function historyCandidates({ user }: HydratedQuery): Candidate[] {
  const bought = user.profile?.bought ?? [];
  return bought.map(({ item }, index) => ({ item, score: 1 / (index + 1), sources: history, because: 0 }));
}
