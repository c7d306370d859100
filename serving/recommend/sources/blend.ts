import type { Candidate, HydratedQuery } from '../query.ts';
import type { Source } from '../roles.ts';
import { affinityCandidates } from './affinity.ts';
import { historyCandidates } from './history.ts';

/** How much less a rank says than the one before it; the value of the method's authors. */
const rankOffset = 60;

/** What each source beside the user's own list may bring in. */
const othersLimit = 50;

/**
 * The user's own list; where the surface weighs other sources too, all of them fused by reciprocal ranks: the sum of
 * weight / (60 + rank) over the sources that offer the item (Cormack, Clarke and Büttcher, SIGIR 2009). Scores of
 * sources are not comparable, ranks are. Speaks only where the user has a list that says something. `popular` are asked in turn.
 */
export function createBlend(popular: readonly Source[]): Source {
  return {
    level: 'personal',
    async candidates(query) {
      const { user, settings } = query;
      const own = user.list?.candidates;
      const weights = settings.blend;
      if (own === undefined || own.length === 0 || weights === null) return own;
      const crowd = weights.popular + weights.affinity > 0 ? await firstList(popular, query) : [];
      return fuse(
        [weights.personal, own],
        [
          [weights.popular, crowd.slice(0, othersLimit)],
          [weights.affinity, weights.affinity > 0 ? affinityCandidates(query, crowd).slice(0, othersLimit) : []],
          [weights.history, weights.history > 0 ? historyCandidates(query) : []],
        ],
      );
    },
  };
}

async function firstList(sources: readonly Source[], query: HydratedQuery): Promise<readonly Candidate[]> {
  for (const source of sources) {
    const list = await source.candidates(query, 0);
    if (list !== undefined) return list;
  }
  return [];
}

type Weighted = readonly [weight: number, candidates: readonly Candidate[]];

/**
 * Weighted lists, each best first, as one; of equal sums the smaller item number comes first. `own` is long and stays in
 * its order but for what the few others name too, so it is merged with them and not sorted.
 */
export function fuse([ownWeight, own]: Weighted, others: readonly Weighted[]): Candidate[] {
  const named = sumsOf(others);
  const alone: Candidate[] = [];
  const used = ownWeight > 0 ? own : [];
  used.forEach(({ item, sources, because }, index) => {
    const score = ownWeight / (rankOffset + index + 1);
    const known = named.get(item);
    if (known === undefined) alone.push({ item, score, sources, because });
    else {
      known.score += score;
      known.sources |= sources;
      known.because = because || known.because;
    }
  });
  return merged(alone, [...named.values()].sort(compareCandidates));
}

function sumsOf(lists: readonly Weighted[]) {
  const sums = new Map<number, { item: number; score: number; sources: number; because: number }>();
  for (const [weight, candidates] of lists) {
    if (weight <= 0) continue;
    candidates.forEach(({ item, sources, because }, index) => {
      const score = weight / (rankOffset + index + 1);
      const known = sums.get(item);
      if (known === undefined) sums.set(item, { item, score, sources, because });
      else {
        known.score += score;
        known.sources |= sources;
      }
    });
  }
  return sums;
}

const compareCandidates = (a: Candidate, b: Candidate): number => b.score - a.score || a.item - b.item;

/** Of two sorted lists. */
function merged(a: readonly Candidate[], b: readonly Candidate[]): Candidate[] {
  const all: Candidate[] = [];
  let next = 0;
  for (const one of a) {
    for (; next < b.length && compareCandidates(b[next] as Candidate, one) < 0; next += 1)
      all.push(b[next] as Candidate);
    all.push(one);
  }
  for (; next < b.length; next += 1) all.push(b[next] as Candidate);
  return all;
}
