import type { IndexAnswer } from '../../pipeline/domain/session-index.ts';
import type { SessionScoring } from '../../pipeline/domain/session-scoring.ts';

export interface ReferenceSession {
  readonly key: string;
  readonly lastAt: number;
  /** Distinct, in order of first appearance. */
  readonly items: readonly string[];
}

export interface ReferenceQuery {
  readonly items: readonly string[];
  readonly recentSessions: number;
  readonly neighbours: number;
  readonly lastItems: number;
  readonly scoring: SessionScoring;
  readonly limit: number;
  readonly excludeItem: string | undefined;
  readonly excludeSession: string | undefined;
}

const newestFirst = (a: ReferenceSession, b: ReferenceSession) => b.lastAt - a.lastAt || (a.key < b.key ? -1 : 1);

/** Session kNN written from its description, over all sessions at each question; shares no code with the index. */
export function referenceAnswers(sessions: readonly ReferenceSession[], query: ReferenceQuery): IndexAnswer[] {
  const { scoring } = query;
  const backwards = query.items.slice(-query.lastItems).reverse();
  const distinct = [...new Set(backwards)];
  const knows = (item: string) => sessions.some((session) => session.items.includes(item));
  const slotsForUnknown = distinct.some((item) => !knows(item)) ? 1 : 0;
  const distinctCount = distinct.filter(knows).length + slotsForUnknown;
  const decay = new Map(
    distinct.map((item) => {
      const position = backwards.indexOf(item);
      const linear = (backwards.length - position) / distinctCount;
      return [item, scoring.positionDecay === 'linear' ? linear : scoring.positionDecay ** position];
    }),
  );
  const competing = new Set<ReferenceSession>();
  const heardOf = new Map<ReferenceSession, string[]>();
  for (const item of distinct) {
    const withItem = sessions.filter((session) => session.items.includes(item)).sort(newestFirst);
    for (const session of withItem.slice(0, query.recentSessions)) {
      if (session.key === query.excludeSession) continue;
      competing.add(session);
      heardOf.set(session, [...(heardOf.get(session) ?? []), item]);
    }
  }
  const similarity = (session: ReferenceSession) =>
    (heardOf.get(session) ?? []).reduce((sum, item) => sum + (decay.get(item) as number), 0);
  const neighbours = [...competing]
    .sort(newestFirst)
    .slice(0, query.recentSessions)
    .sort((a, b) => similarity(b) - similarity(a) || newestFirst(a, b))
    .slice(0, query.neighbours);
  const newestAt = Math.max(...sessions.map((session) => session.lastAt));
  const scores = new Map<string, { score: number; shares: Map<string, number> }>();
  for (const session of neighbours) {
    const matched = heardOf.get(session) as string[];
    const position = backwards.indexOf(matched[0] as string) + 1;
    const age = 2 ** ((session.lastAt - newestAt) / scoring.halfLifeMs);
    const weight = (Math.max(0, 1 - 0.1 * position) * age) / session.items.length ** scoring.lengthExponent;
    if (weight * similarity(session) <= 0) continue;
    for (const item of session.items) {
      if (item === query.excludeItem) continue;
      const holders = sessions.filter((other) => other.items.includes(item)).length;
      const rarity = Math.log(sessions.length / holders) ** scoring.rarityExponent;
      const entry = scores.get(item) ?? { score: 0, shares: new Map<string, number>() };
      entry.score += weight * similarity(session) * rarity;
      for (const shared of matched) {
        entry.shares.set(shared, (entry.shares.get(shared) ?? 0) + weight * (decay.get(shared) as number));
      }
      scores.set(item, entry);
    }
  }
  return [...scores]
    .map(([itemId, { score, shares }]) => ({ itemId, score, because: mostOf(distinct, shares) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, query.limit);
}

function mostOf(distinct: readonly string[], shares: ReadonlyMap<string, number>): string {
  const most = Math.max(...shares.values());
  return distinct.find((item) => shares.get(item) === most) as string;
}
