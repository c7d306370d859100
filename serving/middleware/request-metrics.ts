import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';

/** Counts and times requests by route pattern, never by path, so that ids make no labels. */
export function requestMetrics(metrics: Metrics, clock: Clock): MiddlewareHandler {
  return async function measure(c, next) {
    const startedAt = clock.monotonic();
    await next();
    const pattern = routePath(c, -1);
    const route = pattern === '' || pattern.endsWith('*') ? 'none' : pattern;
    metrics.httpRequests.inc({ route, status: c.res.status });
    metrics.httpSeconds.observe({ route }, (clock.monotonic() - startedAt) / 1_000);
  };
}
