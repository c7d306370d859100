import type { NamespaceItems } from '../../catalog-view.ts';
import type { Candidate } from '../query.ts';

export interface Choice {
  /** Takes a candidate, or says that it does not fit beside those that were taken. */
  accepts(candidate: Candidate): boolean;
  readonly most: number;
}

/** Takes candidates that are relevant and unlike those taken before. */
export interface Diversity {
  /** An item was taken by other means: candidates are compared with it too. */
  note(item: number): void;
  /** Hands at most `most` candidates over, one after the other; answers all others in their own order. */
  choose(candidates: readonly Candidate[], choice: Choice): readonly Candidate[];
}

/**
 * Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): next is the candidate with the greatest
 * (1 − d) · score / best score − d · greatest similarity to an item that was taken; similarity is the Jaccard
 * index of tags. Costs `most` × candidates × tags an item: 20 of 150 with 4 tags each are some 12,000 look-ups.
 */
export function createDiversity(items: NamespaceItems, weight: number): Diversity {
  const taken: number[] = [];
  return {
    note(item) {
      taken.push(item);
    },
    choose(candidates, { accepts, most }) {
      const relevance = relevanceOf(candidates);
      const likeness = new Float32Array(candidates.length);
      const isOpen = new Uint8Array(candidates.length).fill(1);
      const compare = createComparison(items, candidates, likeness);
      for (const item of taken) compare(item, isOpen);
      const chosen = new Set<number>();
      while (chosen.size < most) {
        const best = bestOf({ relevance, likeness, isOpen, weight });
        const candidate = candidates[best];
        if (candidate === undefined) break;
        isOpen[best] = 0;
        if (!accepts(candidate)) continue;
        chosen.add(best);
        taken.push(candidate.item);
        compare(candidate.item, isOpen);
      }
      return candidates.filter((_, i) => !chosen.has(i));
    },
  };
}

/** As shares of the greatest; all 0 where there is none above 0. */
function relevanceOf(candidates: readonly Candidate[]): Float64Array {
  const best = candidates.reduce((max, { score }) => Math.max(max, score), 0);
  return Float64Array.from(candidates, ({ score }) => (best > 0 ? Math.max(0, score) / best : 0));
}

interface Standing {
  readonly relevance: Float64Array;
  readonly likeness: Float32Array;
  readonly isOpen: Uint8Array;
  readonly weight: number;
}

/** Index of the next one, -1 where none is open; of equals the earlier. */
function bestOf({ relevance, likeness, isOpen, weight }: Standing): number {
  let best = -1;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < isOpen.length; i += 1) {
    if (isOpen[i] === 0) continue;
    const value = (1 - weight) * (relevance[i] as number) - weight * (likeness[i] as number);
    if (value > most) {
      most = value;
      best = i;
    }
  }
  return best;
}

/** Raises the likeness of each open candidate to an item; marks tags by stamps, so that nothing is cleared between. */
function createComparison(items: NamespaceItems, candidates: readonly Candidate[], likeness: Float32Array) {
  const tags = candidates.map(({ item }) => items.tagsOf(item));
  const stamps = new Uint16Array(items.tagCount);
  let stamp = 0;
  return (item: number, isOpen: Uint8Array): void => {
    const own = items.tagsOf(item);
    if (own.length === 0) return;
    stamp += 1;
    for (const tag of own) stamps[tag] = stamp;
    for (let i = 0; i < tags.length; i += 1) {
      if (isOpen[i] === 0) continue;
      const others = tags[i] as readonly number[];
      let common = 0;
      for (let k = 0; k < others.length; k += 1) if (stamps[others[k] as number] === stamp) common += 1;
      if (common === 0) continue;
      const similarity = common / (own.length + others.length - common);
      if (similarity > (likeness[i] as number)) likeness[i] = similarity;
    }
  };
}
