import { Hono } from 'hono';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';
import type { IdentityEnv } from '../middleware/identity.ts';
import type { Readiness } from '../readiness.ts';
import { refuse } from './refuse.ts';

/** What one part of the process says of itself; JSON-safe. */
export type Health = Readonly<Record<string, unknown>>;

export interface StatusRouteDeps {
  readonly readiness: Readiness;
  /** A snapshot of each subsystem by name; must not wait for anything. */
  readonly health: () => Health;
  readonly metrics: Metrics;
  /** False leaves the metrics routes out. */
  readonly metricsEnabled: boolean;
}

/** `/healthz` (alive, with snapshots), `/readyz` (wants requests), metrics; the same for the http role and workers. */
export function statusRoutes({ readiness, health, metrics, metricsEnabled }: StatusRouteDeps): Hono<IdentityEnv> {
  const app = new Hono<IdentityEnv>();
  app.get('/healthz', (c) =>
    c.json({ status: 'ok', ready: readiness.reason() === undefined, subsystems: health() }, 200, noStore),
  );
  app.get('/readyz', (c) => {
    const reason = readiness.reason();
    if (reason === undefined) return c.json({ status: 'ready' }, 200, noStore);
    return refuse(c, { status: 503, code: 'not_ready', detail: reason, retryAfterSeconds: 1 });
  });
  if (!metricsEnabled) return app;
  for (const path of ['/metrics/prometheus', '/metrics']) {
    app.get(path, async (c) =>
      c.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
    );
  }
  return app;
}

const noStore = { 'cache-control': 'no-store' };
