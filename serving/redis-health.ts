import type { Clock } from '../pipeline/kernel/clock.ts';
import { messageOf } from '../pipeline/kernel/errors.ts';
import type { Logger } from '../pipeline/kernel/logger.ts';
import type { Metrics } from '../pipeline/kernel/metrics.ts';

/**
 * Whether requests reach Redis; logs when that changes, not at every request. Once several in a row have failed, only
 * one each while asks: where Redis hangs, everybody else would wait for the deadline to learn the same.
 */
export interface RedisHealth {
  /** Undefined while it answers, else the last error in words. */
  readonly problem: string | undefined;
  /** Whether a request may ask it now; whoever is told so says how it went. */
  mayAsk(): boolean;
  answered(): void;
  failed(error: unknown): void;
}

/** Failures in a row from which on not everybody asks; a busy process misses a deadline now and then. */
const failuresInARow = 5;
const askEveryMs = 100;

export interface RedisHealthDeps {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export function createRedisHealth({ clock, log, metrics }: RedisHealthDeps): RedisHealth {
  let problem: string | undefined;
  let failures = 0;
  let askedAt = 0;
  return {
    get problem() {
      return problem;
    },
    mayAsk() {
      if (failures < failuresInARow) return true;
      const now = clock.monotonic();
      if (now - askedAt < askEveryMs) return false;
      askedAt = now;
      return true;
    },
    answered() {
      if (problem !== undefined) log.info({}, 'lists come from Redis again');
      problem = undefined;
      failures = 0;
    },
    failed(error) {
      if (problem === undefined) log.warn({ error: messageOf(error) }, 'Redis does not answer, lists come from memory');
      problem = messageOf(error);
      failures += 1;
      if (failures === failuresInARow) askedAt = clock.monotonic();
      metrics.servingRedisFaults.inc();
    },
  };
}
