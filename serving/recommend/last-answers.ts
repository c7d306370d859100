import type { PackedCandidate, Reflects } from '../../pipeline/domain/packed-list.ts';
import type { Owned } from './owned.ts';

/** A user's last answer, kept in process memory for when Redis is away. */
export interface RememberedAnswer {
  /** State version it was made from. */
  readonly version: number;
  readonly candidates: readonly PackedCandidate[];
  readonly reflects: Reflects | undefined;
  readonly seen: ReadonlySet<number>;
  readonly owned: Owned;
  readonly current: number;
  readonly locale: string;
}

/** Answers kept; about 2 KiB each (20 candidates, 30 seen items), so 10 MiB. */
const defaultCapacity = 5_000;

/** A user's last good answer by namespace and surface, least recently used ones dropped first. */
export interface LastAnswers {
  get(namespace: string, surface: string, userId: string): RememberedAnswer | undefined;
  put(namespace: string, surface: string, userId: string, answer: RememberedAnswer): void;
  forget(namespace: string, surface: string, userId: string): void;
  readonly size: number;
}

export function createLastAnswers(capacity = defaultCapacity): LastAnswers {
  const answers = new Map<string, RememberedAnswer>();
  /** Surfaces may hold anything but NUL, and a namespace neither. */
  const keyOf = (namespace: string, surface: string, userId: string) => `${namespace}\0${surface}\0${userId}`;
  return {
    get size() {
      return answers.size;
    },
    get: (namespace, surface, userId) => answers.get(keyOf(namespace, surface, userId)),
    forget(namespace, surface, userId) {
      answers.delete(keyOf(namespace, surface, userId));
    },
    put(namespace, surface, userId, answer) {
      const key = keyOf(namespace, surface, userId);
      answers.delete(key);
      answers.set(key, answer);
      if (answers.size <= capacity) return;
      const oldest = answers.keys().next();
      if (!oldest.done) answers.delete(oldest.value);
    },
  };
}
