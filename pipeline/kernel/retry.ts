import type { Clock } from './clock.ts';
import { messageOf, TransientError } from './errors.ts';
import type { Logger } from './logger.ts';

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** First wait, milliseconds; doubles up to `maxMs`, each wait with full jitter. */
  readonly minMs?: number;
  readonly maxMs?: number;
}

/**
 * Repeats `work` in place for as long as it throws TransientError; any other error passes through.
 * Rejects with the last error when the signal aborts while waiting.
 */
export async function untilAvailable<T>(what: string, options: RetryOptions, work: () => Promise<T>): Promise<T> {
  const { clock, random, log, signal, minMs = 50, maxMs = 5_000 } = options;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError) || signal.aborted) throw error;
      const ceiling = Math.min(maxMs, minMs * 2 ** Math.min(attempt, 20));
      const waitMs = Math.ceil(ceiling / 2 + (random() * ceiling) / 2);
      log.warn({ what, attempt, waitMs, error: messageOf(error) }, 'not available, waiting');
      await clock.sleep(waitMs, signal);
      if (signal.aborted) throw error;
    }
  }
}
