import type { Clock } from '../clock.ts';
import { FreshetError } from '../errors.ts';

/** Notices work that never returns: nothing else would, since its partition just stands still. */
export interface Watchdog {
  watch<T>(what: string, work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export function startWatchdog(clock: Clock, stuckAfterMs: number, onStuck: (error: FreshetError) => void): Watchdog {
  const running = new Map<symbol, { readonly what: string; sinceMs: number }>();
  const stopping = new AbortController();
  const everyMs = Math.ceil(stuckAfterMs / 4);
  const check = async () => {
    while (!stopping.signal.aborted) {
      const before = clock.monotonic();
      await clock.sleep(everyMs, stopping.signal);
      const now = clock.monotonic();
      // A process that was itself stopped (SIGSTOP, a sleeping laptop) has given its work no time.
      const wasStopped = now - before > 2 * everyMs;
      for (const [id, entry] of running) {
        if (wasStopped) entry.sinceMs = now;
        if (now - entry.sinceMs < stuckAfterMs) continue;
        running.delete(id);
        onStuck(new FreshetError('stage_stuck', `${entry.what} has not returned for ${stuckAfterMs} ms`));
      }
    }
  };
  const checking = check();
  return {
    async watch(what, work) {
      const id = Symbol(what);
      running.set(id, { what, sinceMs: clock.monotonic() });
      try {
        return await work();
      } finally {
        running.delete(id);
      }
    },
    async stop() {
      stopping.abort();
      await checking;
    },
  };
}
