import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** How long the assertion may go on failing. */
  readonly withinMs?: number;
  readonly everyMs?: number;
}

/**
 * Repeats `assertion` until it stops throwing and returns its value.
 * When the time is over it rejects with the last failure as message and cause.
 */
export async function eventually<T>(assertion: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { withinMs = 10_000, everyMs = 20 } = options;
  const startedAt = performance.now();
  for (let attempts = 1; ; attempts += 1) {
    let failure: unknown;
    try {
      return await assertion();
    } catch (error) {
      failure = error;
    }
    const elapsedMs = Math.round(performance.now() - startedAt);
    if (elapsedMs > withinMs) {
      const reason = failure instanceof Error ? failure.message : String(failure);
      throw new Error(`still not so after ${elapsedMs} ms and ${attempts} attempts: ${reason}`, { cause: failure });
    }
    await delay(everyMs);
  }
}
