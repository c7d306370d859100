import type { Clock } from '../../kernel/clock.ts';

/** Keeps a long run at a rate, batch by batch. */
export interface Pace {
  /** Waits as long as `count` more records take; less where the run is late, none when the signal aborts. */
  after(count: number, signal?: AbortSignal): Promise<void>;
}

export function createPace(clock: Pick<Clock, 'monotonic' | 'sleep'>, perSecond: number | undefined): Pace {
  let dueMs = clock.monotonic();
  return {
    async after(count, signal) {
      if (perSecond === undefined || count === 0) return;
      const now = clock.monotonic();
      dueMs = Math.max(dueMs, now - 1_000) + (count / perSecond) * 1_000; // what an outage cost is not made up for
      if (dueMs > now) await clock.sleep(dueMs - now, signal);
    },
  };
}
