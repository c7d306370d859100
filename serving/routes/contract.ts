import { Hono } from 'hono';
import type { IdentityEnv } from '../middleware/identity.ts';
import { contextItemLimit, excludeItemLimit } from './context-request.ts';
import { limits } from './query-fields.ts';
import { slaTargets } from './reco-metrics.ts';

export interface ContractDeps {
  readonly version: string;
  /** What the doors for events refuse beyond. */
  readonly intakeLimits: Readonly<Record<string, number>>;
  /** Schemas that are written today; never rejects for a registry that is away. */
  readonly schemas: () => Promise<readonly { readonly subject: string; readonly id: number | null }[]>;
}

const listLimits = {
  list_items: limits.maxLimit,
  list_items_default: limits.defaultLimit,
  context_items: contextItemLimit,
  exclude_items: excludeItemLimit,
} as const;

/** What the lists are meant to reach: clicks on the first 20, seconds watched, share of the catalogue shown. */
export const kpiTargets = { ctr_at_20_pct: 8, avg_watch_time_sec: 35, catalog_coverage_at_20_pct: 60 } as const;

/** `GET /contract`: what a client may rely on, as numbers that programs can read. */
export function contractRoutes({ version, intakeLimits, schemas }: ContractDeps): Hono<IdentityEnv> {
  return new Hono<IdentityEnv>().get('/contract', async (c) =>
    c.json({
      version,
      limits: { ...intakeLimits, ...listLimits },
      targets: { kpi: kpiTargets, sla: slaTargets },
      schemas: await schemas(),
    }),
  );
}
