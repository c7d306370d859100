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
  /** Of candidates in order of their scores, hands at most `most` over, one after the other; answers all others in order. */
  choose(candidates: readonly Candidate[], choice: Choice): readonly Candidate[];
}

/**
 * Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): next is the candidate with the greatest
 * (1 − d) · score / best score − d · greatest similarity to an item that was taken; similarity is the Jaccard
 * index of tags. Likeness only grows, so what is known of it bounds a value from above: a candidate is compared with
 * the items taken since only where that bound reaches the best value found (lazy evaluation, Minoux 1978).
 */
export function createDiversity(items: NamespaceItems, weight: number): Diversity {
  const taken: TakenTags[] = [];
  return {
    note(item) {
      taken.push(tagsOf(items, item));
    },
    choose(candidates, { accepts, most }) {
      const standing = createStanding(candidates, items, { weight, taken });
      let chosen = 0;
      while (chosen < most) {
        const best = standing.takeBest();
        const candidate = candidates[best];
        if (candidate === undefined) break;
        if (!accepts(candidate)) continue;
        chosen += 1;
        standing.confirm(best);
        taken.push(tagsOf(items, candidate.item));
      }
      return candidates.filter((_, i) => !standing.isConfirmed(i));
    },
  };
}

interface TakenTags {
  readonly tags: readonly number[];
  /** A bit of 32 for each tag: items without a bit in common have no tag in common. */
  readonly bits: number;
}

const tagsOf = (items: NamespaceItems, item: number): TakenTags => ({
  tags: items.tagsOf(item),
  bits: items.tagBits(item),
});

interface Taken {
  readonly weight: number;
  /** Tags of the items taken so far; grows. */
  readonly taken: readonly TakenTags[];
}

const open = 0;
const tried = 1;
const confirmed = 2;

function createStanding(candidates: readonly Candidate[], items: NamespaceItems, { weight, taken }: Taken) {
  const count = candidates.length;
  const relevance = new Float64Array(count);
  const likeness = new Float32Array(count);
  /** How many of the taken items the likeness knows of. */
  const known = new Uint16Array(count);
  const state = new Uint8Array(count);
  let top = 0;
  for (let i = 0; i < count; i += 1) top = Math.max(top, (candidates[i] as Candidate).score);
  if (top > 0) {
    for (let i = 0; i < count; i += 1)
      relevance[i] = ((1 - weight) * Math.max(0, (candidates[i] as Candidate).score)) / top;
  }
  const value = (i: number) => (relevance[i] as number) - weight * (likeness[i] as number);
  const catchUp = (i: number) => {
    const { item } = candidates[i] as Candidate;
    const own = items.tagsOf(item);
    const bits = items.tagBits(item);
    for (let k = known[i] as number; k < taken.length; k += 1) {
      const other = taken[k] as TakenTags;
      if ((bits & other.bits) === 0) continue;
      const similarity = jaccard(own, other.tags);
      if (similarity > (likeness[i] as number)) likeness[i] = similarity;
    }
    known[i] = taken.length;
  };
  return {
    /** Index of the next one, -1 where none is open; of equals the earlier. */
    takeBest(): number {
      let best = -1;
      let most = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < count; i += 1) {
        if ((relevance[i] as number) <= most) break; // likeness takes away, and relevance only falls from here on
        if (state[i] !== open || value(i) <= most) continue;
        catchUp(i);
        if (value(i) <= most) continue;
        most = value(i);
        best = i;
      }
      if (best >= 0) state[best] = tried;
      return best;
    },
    confirm(i: number): void {
      state[i] = confirmed;
    },
    isConfirmed: (i: number) => state[i] === confirmed,
  };
}

/** Of short lists without repeats. */
function jaccard(a: readonly number[], b: readonly number[]): number {
  let common = 0;
  for (let i = 0; i < a.length; i += 1) {
    for (let k = 0; k < b.length; k += 1) if (a[i] === b[k]) common += 1;
  }
  return common === 0 ? 0 : common / (a.length + b.length - common);
}
