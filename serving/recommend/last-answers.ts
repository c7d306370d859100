import type { PackedCandidate } from '../../pipeline/domain/packed-list.ts';
import { Generations } from '../generations.ts';
import type { KeptValues } from './kept-values.ts';

/** A user's last answer, kept in process memory for when Redis is away, with what is known of the user. */
export interface RememberedAnswer {
  /** State version it was made from. */
  readonly version: number;
  readonly values: KeptValues;
  /** See `packSlate`. */
  readonly slate: readonly number[];
}

/** Item, score, sources and because of each candidate in turn: one array of numbers in place of an object each. */
export function packSlate(candidates: readonly PackedCandidate[]): readonly number[] {
  const slate: number[] = [];
  for (const { item, score, sources, because } of candidates) slate.push(item, score, sources, because);
  return slate;
}

export function unpackSlate(slate: readonly number[]): PackedCandidate[] {
  return Array.from({ length: slate.length / 4 }, (_, index) => {
    const [item = 0, score = 0, sources = 0, because = 0] = slate.slice(4 * index, 4 * index + 4);
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
