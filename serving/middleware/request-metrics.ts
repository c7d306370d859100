import type { MiddlewareHandler } from 'hono';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';

/** Counts and times the requests of one route, aliases included, under a name that holds no id. */
export type Measure = (route: string) => MiddlewareHandler;

/** Told of each request that was measured: its route, how it ended and how long it took, milliseconds. */
export type OnMeasured = (route: string, status: number, tookMs: number) => void;

export function createMeasure(
  metrics: Pick<Metrics, 'httpRequests' | 'httpSeconds'>,
  clock: Clock,
  onMeasured?: OnMeasured,
): Measure {
  return (route) =>
    async function measure(c, next) {
      const startedAt = clock.monotonic();
      await next();
      const tookMs = clock.monotonic() - startedAt;
      metrics.httpRequests.inc({ route, status: String(c.res.status) });
      metrics.httpSeconds.observe({ route }, tookMs / 1_000);
      onMeasured?.(route, c.res.status, tookMs);
    };
}
