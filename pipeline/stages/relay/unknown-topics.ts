import type { Clock } from '../../kernel/clock.ts';

/** A broker that is starting, or has just been given the topic, denies topics that exist. */
export interface UnknownTopics {
  /** Counts a refusal; true once refusals have gone on for long enough to park the topic's records. */
  isConfirmed(topic: string): boolean;
  /** The broker took records of these. */
  forget(records: Iterable<{ readonly topic: string }>): void;
}

/** Refusals further apart than `forgetMs` do not count as going on. */
export function createUnknownTopics(
  clock: Pick<Clock, 'monotonic'>,
  confirmMs = 5_000,
  forgetMs = 60_000,
): UnknownTopics {
  const refused = new Map<string, { since: number; latest: number }>();
  return {
    isConfirmed(topic) {
      const now = clock.monotonic();
      const known = refused.get(topic);
      const since = known && now - known.latest < forgetMs ? known.since : now;
      refused.set(topic, { since, latest: now });
      return now - since >= confirmMs;
    },
    forget(records) {
      if (refused.size > 0) for (const { topic } of records) refused.delete(topic);
    },
  };
}
