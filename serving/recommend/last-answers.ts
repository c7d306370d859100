import type { PackedCandidate } from '../../pipeline/domain/packed-list.ts';
import { Generations } from '../generations.ts';
import type { KeptValues } from './kept-values.ts';

/** A user's last answer, kept in process memory for when Redis is away, with what is known of the user. */
export interface RememberedAnswer {
  /** State version it was made from. */
  readonly version: number;
  readonly values: KeptValues;
  /** See `packSlate`. */
  readonly slate: Float64Array;
}

/** Item, score, sources and because of each candidate in turn. */
export function packSlate(candidates: readonly PackedCandidate[]): Float64Array {
  const slate = new Float64Array(4 * candidates.length);
  candidates.forEach(({ item, score, sources, because }, index) => {
    const at = 4 * index;
    slate[at] = item;
    slate[at + 1] = score;
    slate[at + 2] = sources;
    slate[at + 3] = because;
  });
  return slate;
}

export function unpackSlate(slate: Float64Array): PackedCandidate[] {
  return Array.from({ length: slate.length / 4 }, (_, index) => {
    const [item = 0, score = 0, sources = 0, because = 0] = slate.subarray(4 * index, 4 * index + 4);
    return { item, score, sources, because };
  });
}

/** Answers kept, and up to as many again; about 3 KiB each (20 candidates, a list and a profile), so 8 to 16 MiB. */
const defaultCapacity = 2_500;

/** A user's last good answer by namespace and surface; those put longest ago are dropped. */
export interface LastAnswers {
  get(namespace: string, surface: string, userId: string): RememberedAnswer | undefined;
  put(namespace: string, surface: string, userId: string, answer: RememberedAnswer): void;
  forget(namespace: string, surface: string, userId: string): void;
}

export function createLastAnswers(capacity = defaultCapacity): LastAnswers {
  const answers = new Generations<RememberedAnswer>(capacity);
  /** Surfaces may hold anything but NUL, and a namespace neither. */
  const keyOf = (namespace: string, surface: string, userId: string) => `${namespace}\0${surface}\0${userId}`;
  return {
    get: (namespace, surface, userId) => answers.get(keyOf(namespace, surface, userId)),
    forget: (namespace, surface, userId) => answers.delete(keyOf(namespace, surface, userId)),
    put: (namespace, surface, userId, answer) => answers.set(keyOf(namespace, surface, userId), answer),
  };
}
