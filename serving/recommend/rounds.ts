import { TransientError } from '../../pipeline/kernel/errors.ts';
import type { RedisHealth } from '../redis-health.ts';

/** Redis waits a request may cost. */
export const maxWaits = 2;

/** The waits of one request. */
export interface Rounds {
  readonly waits: number;
  /** A wait has failed, or others have a moment ago: what is answered comes from memory. */
  readonly degraded: boolean;
  /** Runs calls of one tick as one wait; undefined where the waits are spent or Redis is away. */
  ask<T>(calls: () => Promise<T>): Promise<T | undefined>;
}

/** Holds every request to `maxWaits`, and turns an absent Redis into a value. */
export function createRounds(health: RedisHealth): Rounds {
  let waits = 0;
  let degraded = false;
  return {
    get waits() {
      return waits;
    },
    get degraded() {
      return degraded;
    },
    async ask(calls) {
      if (waits >= maxWaits || degraded) return undefined;
      if (!health.mayAsk()) {
        degraded = true;
        return undefined;
      }
      waits += 1;
      try {
        const answer = await calls();
        health.answered();
        return answer;
      } catch (error) {
        if (!(error instanceof TransientError)) throw error;
        degraded = true;
        health.failed(error);
        return undefined;
      }
    },
  };
}
