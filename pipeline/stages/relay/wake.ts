import type { Clock } from '../../kernel/clock.ts';

/** A latch between whoever has news and the one loop that waits for it. */
export interface Wake {
  signal(): void;
  /** Resolves at a signal (also one given since the last wait), else after `ms`; true where it was a signal. */
  wait(ms: number): Promise<boolean>;
}

export function createWake(clock: Clock): Wake {
  let signalled = false;
  let waiting: AbortController | undefined;
  return {
    signal() {
      signalled = true;
      waiting?.abort();
    },
    async wait(ms) {
      if (!signalled) {
        waiting = new AbortController();
        await clock.sleep(ms, waiting.signal);
        waiting = undefined;
      }
      const woken = signalled;
      signalled = false;
      return woken;
    },
  };
}
