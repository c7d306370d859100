import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Config } from '../../pipeline/kernel/config.ts';
import type { Logger } from '../../pipeline/kernel/logger.ts';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';

/** What every part of the HTTP layer shares. */
export interface ServerContext {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: () => number;
  /** A new request id. */
  readonly makeId: () => string;
}
