import type { Environment } from './environment.ts';
import { aborted, FreshetRequestError } from './errors.ts';
import type { Settings } from './options.ts';

/** Timers hold 2^31 − 1 ms and fire at once beyond; long before, a server that asks for so much is more likely wrong. */
const longestMs = 3_600_000;

/**
 * How long to wait after failure number `failures` (from 1): a random part of an exponentially growing bound, so that
 * clients which failed together do not come back together; never less than the server asked for, up to an hour.
 */
export function waitAfter(
  failures: number,
  error: FreshetRequestError,
  settings: Settings,
  random: () => number,
): number {
  const baseMs = Math.min(settings.backoff.baseMs, longestMs);
  const bound = Math.min(settings.backoff.maxMs, longestMs, baseMs * 2 ** Math.min(failures - 1, 30));
  const jittered = bound / 2 + (random() * bound) / 2;
  const asked = error.retryAfterMs;
  return asked === undefined ? jittered : Math.max(jittered, Math.min(asked, longestMs) + random() * baseMs);
}

export interface RetryOptions {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly signal?: AbortSignal | undefined;
  /** What is worth another attempt; by default what is transient. */
  readonly isForNow?: (error: FreshetRequestError) => boolean;
}

/** Repeats what fails for now; a wait longer than `backoff.maxMs` is left to the caller, who is told `retryAfterMs`. */
export async function withRetries<T>(
  work: () => Promise<T>,
  { settings, environment, signal, isForNow = (error) => error.isTransient }: RetryOptions,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof FreshetRequestError) || !isForNow(error) || failures >= settings.attempts) throw error;
      const waitMs = waitAfter(failures, error, settings, environment.random);
      if (waitMs > settings.backoff.maxMs) throw error;
      await pause(waitMs, environment, signal);
    }
  }
}

/** Rejects with code `aborted` where the signal says so. */
function pause(ms: number, { setTimer }: Environment, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      cancel();
      reject(aborted());
    };
    const cancel = setTimer(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
  });
}
