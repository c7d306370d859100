import type { Clock } from '../../kernel/clock.ts';

/** A broker that is starting, or has just been given the topic, denies topics that exist. */
export interface UnknownTopics {
  /** Counts a refusal; true once refusals have gone on for long enough to park the topic's records. */
  isConfirmed(topic: string): boolean;
  /** The broker took records of these. */
  forget(records: Iterable<{ readonly topic: string }>): void;
}

export interface UnknownTopicsOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** True where the installation is meant to have the topic: its records wait until somebody creates it. */
  isExpected?(topic: string): boolean;
  /** How long refusals must go on. */
  readonly confirmMs?: number;
  /** Refusals further apart do not count as going on. */
  readonly forgetMs?: number;
}

export function createUnknownTopics(options: UnknownTopicsOptions): UnknownTopics {
  const { clock, isExpected = () => false, confirmMs = 5_000, forgetMs = 60_000 } = options;
  const refused = new Map<string, { since: number; latest: number }>();
  return {
    isConfirmed(topic) {
      if (isExpected(topic)) return false;
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
