import type { Clock } from '../kernel/clock.ts';
import type { Component, Running } from '../kernel/component.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/logger.ts';

export interface KeptRunningOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Between a failure and the next start. */
  readonly restartAfterMs?: number;
}

export interface KeptRunning {
  /** Never fails and is never unready: what it keeps is no reason to stop or to hold back the process. */
  readonly component: Component;
  /** Undefined while what it keeps is well, else what is wrong with it, in words. */
  problem(): string | undefined;
}

/** A person is needed where a component gives up, so this is not in a hurry. */
const restartAfterMs = 30_000;

/**
 * A component whose failure is nobody else's: it is stopped, made anew and started again after a while. `make` is
 * told which attempt it is, the first is 0.
 */
export function keptRunning(
  name: string,
  options: KeptRunningOptions,
  make: (attempt: number) => Component,
): KeptRunning {
  const { clock, log, restartAfterMs: waitMs = restartAfterMs } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Running | undefined;
  let failure: string | undefined = 'not started yet';

  const once = async (attempt: number) => {
    const failed = Promise.withResolvers<never>();
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    try {
      running = await make(attempt).start(failed.reject);
      failure = undefined;
      await Promise.race([failed.promise, aborted]);
    } finally {
      const ending = running;
      running = undefined;
      failure ??= 'stopping';
      await ending?.stop();
    }
  };
  const keep = async () => {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await once(attempt);
      } catch (error) {
        failure = messageOf(error);
        log.error({ component: name, error: failure, waitMs }, 'gave up; nothing else is stopped, it is started again');
        await clock.sleep(waitMs, signal);
      }
    }
  };
  return {
    component: {
      name,
      async start() {
        const kept = keep();
        return {
          async stop() {
            stopping.abort();
            await kept;
          },
        };
      },
    },
    problem: () => failure ?? running?.unready?.(),
  };
}
