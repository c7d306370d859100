import { messageOf } from '../pipeline/kernel/errors.ts';
import type { Logger } from '../pipeline/kernel/logger.ts';
import type { Metrics } from '../pipeline/kernel/metrics.ts';

/** Whether requests reach Redis; logs when that changes, not at every request. */
export interface RedisHealth {
  /** Undefined while it answers, else the last error in words. */
  readonly problem: string | undefined;
  answered(): void;
  failed(error: unknown): void;
}

export function createRedisHealth(log: Logger, metrics: Metrics): RedisHealth {
  let problem: string | undefined;
  return {
    get problem() {
      return problem;
    },
    answered() {
      if (problem !== undefined) log.info({}, 'lists come from Redis again');
      problem = undefined;
    },
    failed(error) {
      if (problem === undefined) log.warn({ error: messageOf(error) }, 'Redis does not answer, lists come from memory');
      problem = messageOf(error);
      metrics.servingRedisFaults.inc();
    },
  };
}
