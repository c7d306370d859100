import type { UserRef } from './user-lists.ts';

/**
 * Keeps lists that are made from stored profiles from coming after newer ones of the stage. The store compares what
 * two lists reflect, but two profiles may have the same last event, and a removed user none.
 */
export interface Overtaken {
  /** The stage is about to write these users' lists: a profile read earlier must not come after. */
  onUsers(users: readonly UserRef[]): void;
  /** Runs `work`, which reads profiles and writes lists; `isOvertaken` says whom the stage has written meanwhile. */
  during<T>(work: (isOvertaken: (user: UserRef) => boolean) => Promise<T>): Promise<T>;
}

const nameOf = ({ namespace, userId }: UserRef): string => `${namespace}|${userId}`;

export function createOvertaken(): Overtaken {
  const underWay = new Set<Set<string>>();
  return {
    onUsers(users) {
      if (underWay.size === 0) return;
      for (const user of users) for (const since of underWay) since.add(nameOf(user));
    },
    async during(work) {
      const since = new Set<string>();
      underWay.add(since);
      try {
        return await work((user) => since.has(nameOf(user)));
      } finally {
        underWay.delete(since);
      }
    },
  };
}
