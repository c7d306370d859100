import { expect, test } from 'vitest';
import { createMetrics } from '../../../pipeline/kernel/metrics.ts';
import { composeApp } from '../../../serving/compose-app.ts';
import { RecoWindow } from '../../../serving/reco-window.ts';
import { recoMetricsRoutes } from '../../../serving/routes/reco-metrics.ts';
import { quietLog } from '../../support/serving-harness.ts';

test('tells percentiles by nearest rank, and statuses', () => {
  const window = new RecoWindow({ windowMs: 1_000, maxSamples: 200 });
  for (let ms = 1; ms <= 100; ms += 1) window.add(5_000, ms, ms <= 97 ? 200 : ms <= 99 ? 404 : 503);
  expect(window.summary(5_500)).toEqual({
    samples: 100,
    latencyMs: { p50: 50, p95: 95, p99: 99 },
    statuses: { '2xx': 97, '4xx': 2, '5xx': 1 },
    errorRate: 0.01,
  });
});

test('forgets what is older than the window, and the oldest beyond its size', () => {
  const window = new RecoWindow({ windowMs: 1_000, maxSamples: 3 });
  expect(window.summary(0)).toMatchObject({ samples: 0, latencyMs: { p50: null }, errorRate: 0 });
  for (const [at, ms] of [
    [0, 9],
    [100, 1],
    [200, 2],
    [300, 3],
  ] as const)
    window.add(at, ms, 200);
  expect(window.summary(300)).toMatchObject({ samples: 3, latencyMs: { p50: 2, p99: 3 } });
  expect(window.summary(1_250)).toMatchObject({ samples: 1, latencyMs: { p50: 3 } });
});

test('the route says whether the SLA is kept', async () => {
  const window = new RecoWindow({ windowMs: 1_000, maxSamples: 10 });
  const app = composeApp({
    apps: [recoMetricsRoutes({ windowSeconds: 1, maxSamples: 10, summary: () => window.summary(0) })],
    metrics: createMetrics(),
    log: quietLog,
    makeId: () => 'made',
  });
  const asked = async () => (await app.request('/metrics/reco')).json();
  window.add(0, 12.3456, 200);
  expect(await asked()).toEqual({
    window_sec: 1,
    max_samples: 10,
    sample_size: 1,
    latency_ms: { p50: 12.346, p95: 12.346, p99: 12.346 },
    statuses: { '2xx': 1, '4xx': 0, '5xx': 0 },
    error_rate: 0,
    sla: {
      targets: { p95_ms: 120, p99_ms: 200, error_rate: 0.01 },
      kept: { p95_ms: true, p99_ms: true, error_rate: true },
      ok: true,
    },
  });
  window.add(0, 150, 503);
  expect(await asked()).toMatchObject({ sla: { kept: { p95_ms: false, p99_ms: true, error_rate: false }, ok: false } });
});
