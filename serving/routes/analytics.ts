import { Hono } from 'hono';
import type { Problem } from '../../pipeline/kernel/problem.ts';
import type { Baseline, ShownCounts, ShownGroup } from '../../pipeline/stores/analytics.ts';
import type { DatedBaseline, ReadBaseline } from '../analytics/baselines.ts';
import type { IdentityEnv } from '../middleware/identity.ts';
import type { Measure } from '../middleware/request-metrics.ts';
import { kpiTargets } from './contract.ts';
import { QueryFields } from './query-fields.ts';
import { refuse, refuseFields } from './refuse.ts';

export interface AnalyticsRouteDeps {
  readonly baselines: ReadBaseline;
  readonly measure: Measure;
}

const daysRule = { least: 1, most: 90, otherwise: 7 } as const;

const tooSlow: Problem = {
  status: 503,
  code: 'analytics_too_slow',
  detail: 'Reading so many impressions takes longer than two seconds: ask for fewer days.',
  path: 'query.days',
  retryAfterSeconds: 30,
};
const busy: Problem = {
  status: 503,
  code: 'analytics_busy',
  detail: 'Other questions are being answered. Repeat the request after Retry-After.',
  retryAfterSeconds: 2,
};

/** `GET /analytics/baseline`: how lists do in one namespace, beside what they are meant to reach. */
export function analyticsRoutes({ baselines, measure }: AnalyticsRouteDeps): Hono<IdentityEnv> {
  return new Hono<IdentityEnv>().get('/analytics/baseline', measure('analytics/baseline'), async (c) => {
    const fields = new QueryFields(c);
    const namespace = fields.namespace();
    const days = fields.whole('days', daysRule);
    if (fields.problems.length > 0) return refuseFields(c, fields.problems);
    const found = await baselines(namespace, days);
    if (found === 'busy') return refuse(c, busy);
    const { baseline } = found;
    if (baseline === 'too_slow') return refuse(c, tooSlow);
    return c.json(
      { request_id: c.get('identity').requestId, namespace, days, ...documentOf({ ...found, baseline }) },
      200,
      { 'cache-control': 'no-store' },
    );
  });
}

function documentOf({ from, to, baseline }: DatedBaseline & { readonly baseline: Baseline }) {
  const { shown, watches, catalog } = baseline;
  return {
    from,
    to,
    state_version: baseline.stateVersion,
    attribution_window_ms: baseline.attributionWindowMs,
    ctr_at_20_pct: percent(shown.matchedImpressions, shown.impressions),
    avg_watch_time_sec: rounded(watches.seconds, watches.count),
    catalog_coverage_at_20_pct: percent(catalog.shown, catalog.items),
    targets: kpiTargets,
    samples: {
      ...countsOf(shown),
      watches: watches.count,
      catalog_items: catalog.items,
      catalog_items_shown: catalog.shown,
    },
    by_source: baseline.bySource.map((group) => ({ source: group.name, ...groupOf(group) })),
    by_variant: baseline.byVariant.map((group) => ({ variant: group.name, ...groupOf(group) })),
    by_surface: baseline.bySurface.map((group) => ({ surface: group.name, ...groupOf(group) })),
  };
}

const countsOf = ({ impressions, matchedImpressions, matchedActs }: ShownCounts) => ({
  impressions,
  matched_impressions: matchedImpressions,
  matched_acts: matchedActs,
});

const groupOf = (group: ShownGroup) => ({
  ...countsOf(group),
  ctr_pct: percent(group.matchedImpressions, group.impressions),
});

/** To two decimals; null, not 0, where there is nothing to divide by. */
function rounded(dividend: number, divisor: number): number | null {
  return divisor === 0 ? null : Math.round((dividend / divisor) * 100) / 100;
}

const percent = (part: number, whole: number): number | null => rounded(100 * part, whole);
