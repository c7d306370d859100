import type { Clock } from '../../kernel/clock.ts';

/** A latch between whoever has news and the one loop that waits for it. */
export interface Wake {
  signal(): void;
  /** Resolves at a signal (also one given since the last wait), else after `ms`; true where it was a signal. */
  wait(ms: number): Promise<boolean>;
}

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
        // The sleep is left to run out: to abort it hundreds of times a second costs more than its timer.
        const signal = new Promise<void>((resolve) => {
          waiting = resolve;
        });
        await Promise.race([clock.sleep(ms), signal]);
        waiting = undefined;
      }
      const woken = signalled;
      signalled = false;
      return woken;
    },
  };
}
