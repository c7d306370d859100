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
export const createRounds = (health: RedisHealth): Rounds => new RequestRounds(health);

/**
 * A class, made for each request: an object literal with accessors gets a hidden class of its own each time, which keeps
 * whatever its closures hold until the next major garbage collection (14 KiB a request were measured).
 */
class RequestRounds implements Rounds {
  waits = 0;
  degraded = false;
  readonly #health: RedisHealth;

  constructor(health: RedisHealth) {
    this.#health = health;
  }

  async ask<T>(calls: () => Promise<T>): Promise<T | undefined> {
    if (this.waits >= maxWaits || this.degraded) return undefined;
    if (!this.#health.mayAsk()) {
      this.degraded = true;
      return undefined;
    }
    this.waits += 1;
    try {
      const answer = await calls();
      this.#health.answered();
      return answer;
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      this.degraded = true;
      this.#health.failed(error);
      return undefined;
    }
  }
}
