import type { Clock } from '../../kernel/clock.ts';

/** A latch between whoever has news and the one loop that waits for it. */
export interface Wake {
  signal(): void;
  /** Resolves at a signal (also one given since the last wait), else after `ms`; true where it was a signal. */
  wait(ms: number): Promise<boolean>;
}

/** A shorter sleep is left to run out: to abort hundreds of them a second costs more than their timers. */
const shortMs = 30;

export function createWake(clock: Clock): Wake {
  let signalled = false;
  let waiting: (() => void) | undefined;
  return {
    signal() {
      signalled = true;
      waiting?.();
    },
    async wait(ms) {
      if (!signalled) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const sleep = ms > shortMs ? new AbortController() : undefined;
        waiting = () => {
          resolve();
          sleep?.abort();
        };
        await Promise.race([clock.sleep(ms, sleep?.signal), promise]);
        waiting = undefined;
      }
      const woken = signalled;
      signalled = false;
      return woken;
    },
  };
}
