import { defaultSettings, namespaceSettingsSchema } from '../../domain/settings.ts';
import { TransientError } from '../../kernel/errors.ts';
import { type Analytics, analyticsGroups, analyticsPositions, type Baseline, type ShownGroup } from '../analytics.ts';
import type { Transactions } from '../transaction.ts';
import { createActiveVersions } from './active-version.ts';
import type { Queryable, Tx } from './database.ts';

const statementTimeoutMs = 2_000;

const groups = (dimension: string, from = 'fact') =>
  `(SELECT '${dimension}' AS dimension, ${dimension} AS name, sum(impressions) AS impressions,
           sum(matched_impressions) AS matched_impressions, sum(matched_acts) AS matched_acts, 0::float8 AS seconds
      FROM ${from} GROUP BY ${dimension} ORDER BY impressions DESC, matched_acts DESC, name LIMIT ${analyticsGroups})`;

/**
 * What was shown is read once by time and summed by item, surface, variant and sources; for each act the impressions
 * of its user and item are looked up by the primary key, as there are far fewer acts. $1 version, $2 namespace,
 * $3 from, $4 to (milliseconds since the epoch), $5 attribution window (milliseconds).
 */
export const analyticsStatement = `
WITH act AS MATERIALIZED (
  SELECT user_id, item_id, event_id, request_id, occurred_at FROM exposure
   WHERE state_version = $1 AND namespace = $2 AND kind = 'acted' AND occurred_at >= to_timestamp(($3::float8 - $5::float8) / 1000)
), matched AS (
  SELECT s.surface, s.variant, s.sources, count(*) AS acts
    FROM act a
   CROSS JOIN LATERAL (
         SELECT s.event_id, s.position, s.sources, s.variant, s.surface, s.occurred_at FROM exposure s
          WHERE s.state_version = $1 AND s.namespace = $2 AND s.user_id = a.user_id AND s.item_id = a.item_id
            AND s.kind = 'shown'
            AND (s.request_id = a.request_id
                 OR s.occurred_at BETWEEN a.occurred_at - make_interval(secs => $5::float8 / 1000) AND a.occurred_at)
          ORDER BY (s.request_id = a.request_id) IS TRUE DESC, s.occurred_at DESC, s.event_id COLLATE "C" DESC LIMIT 1) s
   WHERE s.position <= ${analyticsPositions}
     AND s.occurred_at >= to_timestamp($3::float8 / 1000) AND s.occurred_at < to_timestamp($4::float8 / 1000)
   GROUP BY a.user_id, a.item_id, s.event_id, s.surface, s.variant, s.sources
), cell AS MATERIALIZED (
  SELECT item_id, surface, variant, sources, count(*) AS impressions FROM exposure
   WHERE state_version = $1 AND namespace = $2 AND kind = 'shown' AND position <= ${analyticsPositions}
     AND occurred_at >= to_timestamp($3::float8 / 1000) AND occurred_at < to_timestamp($4::float8 / 1000)
   GROUP BY item_id, surface, variant, sources
), fact AS MATERIALIZED (
  SELECT surface, variant, sources, sum(impressions) AS impressions, 0::bigint AS matched_impressions, 0::numeric AS matched_acts
    FROM cell GROUP BY surface, variant, sources
  UNION ALL
  SELECT surface, variant, sources, 0, count(*), sum(acts) FROM matched GROUP BY surface, variant, sources
), by_source AS (
  SELECT source, impressions, matched_impressions, matched_acts FROM fact
   CROSS JOIN LATERAL (SELECT DISTINCT source FROM unnest(CASE WHEN sources <> '{}' THEN sources ELSE ARRAY[NULL::text] END) source) s
), known AS (
  SELECT item_id FROM item
   WHERE namespace = $2 AND NOT deleted AND available AND NOT hidden
     AND (archived_at IS NULL OR archived_at > to_timestamp($4::float8 / 1000))
)
SELECT 'all' AS dimension, NULL AS name, sum(impressions) AS impressions, sum(matched_impressions) AS matched_impressions,
       sum(matched_acts) AS matched_acts, 0::float8 AS seconds FROM fact
UNION ALL ${groups('source', 'by_source')}
UNION ALL ${groups('variant')}
UNION ALL ${groups('surface')}
UNION ALL
SELECT 'watch', NULL, count(*), 0, 0, coalesce(sum(watch_seconds), 0) FROM exposure
 WHERE state_version = $1 AND namespace = $2 AND kind = 'acted' AND watch_seconds IS NOT NULL
   AND occurred_at >= to_timestamp($3::float8 / 1000) AND occurred_at < to_timestamp($4::float8 / 1000)
UNION ALL
SELECT 'catalog', NULL, count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM cell WHERE cell.item_id = known.item_id)), 0, 0
  FROM known`;

interface Row {
  readonly dimension: 'all' | 'source' | 'variant' | 'surface' | 'watch' | 'catalog';
  readonly name: string | null;
  /** Numerics; the sum of nothing is null. */
  readonly impressions: string | null;
  readonly matched_impressions: string | null;
  readonly matched_acts: string | null;
  readonly seconds: number;
}

/** Over `exposure` and the catalogue, in one snapshot and one bounded statement. */
export function createAnalytics(database: Transactions<Tx>): Analytics {
  return {
    async baseline(namespace, { from, to }) {
      try {
        return await database.transaction(async (tx) => {
          // Each run has values of its own to plan for, and compiling the plan takes longer than running it.
          await tx.query({ text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY' });
          await tx.query({ text: `SET LOCAL statement_timeout = ${statementTimeoutMs}` });
          await tx.query({ text: 'SET LOCAL jit = off' });
          const stateVersion = await createActiveVersions(tx).current();
          const attributionWindowMs = await attributionWindow(tx, namespace);
          const values = [stateVersion, namespace, from, to, attributionWindowMs];
          const rows = await tx.query<Row>({ text: analyticsStatement, values });
          return baselineOf(rows, { stateVersion, attributionWindowMs });
        });
      } catch (error) {
        if (error instanceof TransientError && error.code === 'sql_57014') return 'too_slow';
        throw error;
      }
    },
  };
}

/** A document that cannot be read has the defaults, as wherever settings are read for the first time. */
async function attributionWindow(db: Queryable, namespace: string): Promise<number> {
  const [row] = await db.query<{ body: unknown }>({
    text: 'SELECT body FROM namespace_config WHERE namespace = $1 AND NOT deleted',
    values: [namespace],
  });
  const parsed = namespaceSettingsSchema.safeParse(row?.body ?? {});
  return (parsed.success ? parsed.data : defaultSettings).attribution_window_ms;
}

function baselineOf(rows: readonly Row[], version: Pick<Baseline, 'stateVersion' | 'attributionWindowMs'>): Baseline {
  const of = (dimension: Row['dimension']) =>
    rows
      .filter((row) => row.dimension === dimension)
      .map(
        ({ name, impressions, matched_impressions: matched, matched_acts: acts }): ShownGroup => ({
          name,
          impressions: Number(impressions ?? 0),
          matchedImpressions: Number(matched ?? 0),
          matchedActs: Number(acts ?? 0),
        }),
      );
  const nothing = { impressions: 0, matchedImpressions: 0, matchedActs: 0 };
  const { impressions, matchedImpressions, matchedActs } = of('all')[0] ?? nothing;
  const watches = rows.find(({ dimension }) => dimension === 'watch');
  const catalog = of('catalog')[0] ?? nothing;
  return {
    ...version,
    shown: { impressions, matchedImpressions, matchedActs },
    bySource: of('source'),
    byVariant: of('variant'),
    bySurface: of('surface'),
    watches: { count: Number(watches?.impressions ?? 0), seconds: watches?.seconds ?? 0 },
    catalog: { items: catalog.impressions, shown: catalog.matchedImpressions },
  };
}
