import type { Clock } from './clock.ts';

/** True when `work` settled within `ms`; its rejection passes through. The work itself goes on. */
export async function settlesWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  const waiting = new AbortController();
  try {
    return await Promise.race([work.then(() => true), clock.sleep(ms, waiting.signal).then(() => false)]);
  } finally {
    waiting.abort('settled'); // a reason of its own, for the default one is an error with a stack
  }
}
