import { beforeEach, describe, expect, it } from 'vitest';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import { createMetrics } from '../../../../pipeline/kernel/metrics.ts';
import type { Baseline } from '../../../../pipeline/stores/analytics.ts';
import type { ReadBaseline } from '../../../../serving/analytics/baselines.ts';
import { composeApp } from '../../../../serving/compose-app.ts';
import { createMeasure } from '../../../../serving/middleware/request-metrics.ts';
import { analyticsRoutes } from '../../../../serving/routes/analytics.ts';
import { quietLog, stillClock } from '../../../support/serving-harness.ts';

const counts = (impressions: number, matchedImpressions: number, matchedActs: number) => ({
  impressions,
  matchedImpressions,
  matchedActs,
});
const full: Baseline = {
  stateVersion: 3,
  attributionWindowMs: 86_400_000,
  shown: counts(300, 20, 25),
  bySource: [{ name: 'popular', ...counts(200, 1, 1) }],
  byVariant: [{ name: null, ...counts(300, 20, 25) }],
  bySurface: [{ name: 'home', ...counts(0, 0, 0) }],
  watches: { count: 3, seconds: 100 },
  catalog: { items: 8, shown: 3 },
};
const empty: Baseline = {
  ...full,
  shown: counts(0, 0, 0),
  watches: { count: 0, seconds: 0 },
  catalog: { items: 0, shown: 0 },
};

let reply: ReadBaseline;
let asked: unknown[];
const metrics = createMetrics();
const app = composeApp({
  apps: [
    analyticsRoutes({
      baselines(namespace, days) {
        asked.push([namespace, days]);
        return reply(namespace, days);
      },
      measure: createMeasure(metrics, stillClock),
    }),
  ],
  metrics,
  log: quietLog,
  makeId: () => 'made',
});
const answering = (baseline: Baseline | 'too_slow') => async () => ({ from: 1, to: 2, baseline });
const get = async (query = '') => {
  const response = await app.request(`/analytics/baseline${query}`);
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body };
};

beforeEach(() => {
  asked = [];
  reply = answering(full);
});

describe('GET /analytics/baseline', () => {
  it('answers the figures beside their targets, samples and breakdowns', async () => {
    expect((await get('?days=30&namespace=shop')).body).toEqual({
      request_id: 'made',
      namespace: 'shop',
      days: 30,
      from: 1,
      to: 2,
      state_version: 3,
      attribution_window_ms: 86_400_000,
      ctr_at_20_pct: 6.67,
      avg_watch_time_sec: 33.33,
      catalog_coverage_at_20_pct: 37.5,
      targets: { ctr_at_20_pct: 8, avg_watch_time_sec: 35, catalog_coverage_at_20_pct: 60 },
      samples: {
        impressions: 300,
        matched_impressions: 20,
        matched_acts: 25,
        watches: 3,
        catalog_items: 8,
        catalog_items_shown: 3,
      },
      by_source: [{ source: 'popular', impressions: 200, matched_impressions: 1, matched_acts: 1, ctr_pct: 0.5 }],
      by_variant: [{ variant: null, impressions: 300, matched_impressions: 20, matched_acts: 25, ctr_pct: 6.67 }],
      by_surface: [{ surface: 'home', impressions: 0, matched_impressions: 0, matched_acts: 0, ctr_pct: null }],
    });
    expect(asked).toEqual([['shop', 30]]);
  });

  it('answers null, not 0, where there is nothing to divide by', async () => {
    reply = answering(empty);
    expect((await get()).body).toMatchObject({
      ctr_at_20_pct: null,
      avg_watch_time_sec: null,
      catalog_coverage_at_20_pct: null,
    });
    expect(asked).toEqual([['default', 7]]);
  });

  it.each(['0', '91', '-1', '7.5', 'week', '', '1e1'])('refuses days=%s', async (days) => {
    const { status, body } = await get(`?days=${days}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'out_of_range', path: 'query.days', limit: 90 });
    expect(asked).toEqual([]);
  });

  it('refuses a namespace that cannot be one', async () => {
    expect((await get('?namespace=A')).body).toMatchObject({ path: 'query.namespace' });
  });

  it('says what to do where it takes too long, where too many ask and where Postgres is away', async () => {
    reply = answering('too_slow');
    expect(await get()).toMatchObject({ status: 503, retryAfter: '30', body: { code: 'analytics_too_slow' } });
    reply = async () => 'busy';
    expect(await get()).toMatchObject({ status: 503, retryAfter: '2', body: { code: 'analytics_busy' } });
    reply = async () => {
      throw new TransientError('postgres_unavailable', 'away');
    };
    expect(await get()).toMatchObject({ status: 503, retryAfter: '1', body: { code: 'unavailable' } });
  });
});
