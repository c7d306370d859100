import type { Clock } from '../clock.ts';

export interface PaceOptions {
  readonly clock: Clock;
  /** Records a second over all processes; null for no limit. Asked before each batch. */
  readonly rate: () => number | null;
  /** Of all the topics that the stage reads. */
  readonly partitions: number;
}

/** Resolves when a batch may begin, by how many partitions this process holds; at once when the signal aborts. */
export type Pace = (records: number, held: number, signal: AbortSignal) => Promise<void>;

/** Holds a stage to a rate: each batch books the time that it takes, and waits for the end of those before it. */
export function createPace({ clock, rate, partitions }: PaceOptions): Pace {
  let bookedUntil = 0;
  return async (records, held, signal) => {
    const limit = rate();
    if (limit === null || records === 0) return;
    const now = clock.monotonic();
    const begin = Math.max(now, bookedUntil);
    bookedUntil = begin + (records * 1_000 * partitions) / (limit * Math.max(1, held));
    if (begin > now) await clock.sleep(begin - now, signal);
  };
}
