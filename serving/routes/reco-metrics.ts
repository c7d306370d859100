import { Hono } from 'hono';
import type { IdentityEnv } from '../middleware/identity.ts';
import type { RecoSummary } from '../reco-window.ts';

/** What clients may count on, over the window: milliseconds, and the share of 5xx answers. */
export const slaTargets = { p95_ms: 120, p99_ms: 200, error_rate: 0.01 } as const;

export interface RecoMetricsDeps {
  readonly windowSeconds: number;
  readonly maxSamples: number;
  readonly summary: () => RecoSummary;
}

/** `GET /metrics/reco`: what requests for lists took in this process, and whether that keeps the SLA. */
export function recoMetricsRoutes({ windowSeconds, maxSamples, summary }: RecoMetricsDeps): Hono<IdentityEnv> {
  return new Hono<IdentityEnv>().get('/metrics/reco', (c) => {
    const { samples, latencyMs, statuses, errorRate } = summary();
    const rounded = Object.fromEntries(
      Object.entries(latencyMs).map(([name, ms]) => [name, ms === null ? null : Math.round(ms * 1_000) / 1_000]),
    );
    const kept = {
      p95_ms: (latencyMs.p95 ?? 0) <= slaTargets.p95_ms,
      p99_ms: (latencyMs.p99 ?? 0) <= slaTargets.p99_ms,
      error_rate: errorRate <= slaTargets.error_rate,
    };
    const body = {
      window_sec: windowSeconds,
      max_samples: maxSamples,
      sample_size: samples,
      latency_ms: rounded,
      statuses,
      error_rate: errorRate,
      sla: { targets: slaTargets, kept, ok: Object.values(kept).every(Boolean) },
    };
    return c.json(body, 200, { 'cache-control': 'no-store' });
  });
}
