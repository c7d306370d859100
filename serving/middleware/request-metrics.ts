import type { MiddlewareHandler } from 'hono';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';

/** Counts and times the requests of one route, aliases included, under a name that holds no id. */
export type Measure = (route: string) => MiddlewareHandler;

export function createMeasure(metrics: Pick<Metrics, 'httpRequests' | 'httpSeconds'>, clock: Clock): Measure {
  return (route) =>
    async function measure(c, next) {
      const startedAt = clock.monotonic();
      await next();
      metrics.httpRequests.inc({ route, status: String(c.res.status) });
      metrics.httpSeconds.observe({ route }, (clock.monotonic() - startedAt) / 1_000);
    };
}
