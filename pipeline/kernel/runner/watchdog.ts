import type { Clock } from '../clock.ts';
import { FreshetError } from '../errors.ts';

/** Notices work that never returns: nothing else would, since its partition just stands still. */
export interface Watchdog {
  watch<T>(what: string, work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export function startWatchdog(clock: Clock, stuckAfterMs: number, onStuck: (error: FreshetError) => void): Watchdog {
  const running = new Map<symbol, { readonly what: string; readonly sinceMs: number }>();
  const stopping = new AbortController();
  const check = async () => {
    while (!stopping.signal.aborted) {
      await clock.sleep(Math.ceil(stuckAfterMs / 4), stopping.signal);
      for (const [id, { what, sinceMs }] of running) {
        if (clock.monotonic() - sinceMs < stuckAfterMs) continue;
        running.delete(id);
        onStuck(new FreshetError('stage_stuck', `${what} has not returned for ${stuckAfterMs} ms`));
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
