import type { ActivityCount } from '../../domain/feature/activity.ts';
import type { Exposure, ExposureLog } from '../feature.ts';
import type { Queryable } from './database.ts';

/** Sums commute; the source partition in the key keeps two partitions from waiting for each other. */
export async function addActivity(
  tx: Queryable,
  stateVersion: number,
  counts: readonly ActivityCount[],
): Promise<void> {
  if (counts.length === 0) return;
  await tx.query({
    name: 'activity-add',
    text: `INSERT INTO item_activity AS a
                  (state_version, namespace, hour, segment, item_id, type, source_partition, count)
           SELECT $1, namespace, hour, segment, item_id, type, source_partition, count
             FROM unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::smallint[], $7::int[], $8::bigint[])
                  AS r (namespace, hour, segment, item_id, type, source_partition, count)
            ORDER BY namespace COLLATE "C", hour, segment COLLATE "C", item_id COLLATE "C", type, source_partition
           ON CONFLICT (state_version, namespace, hour, segment, item_id, type, source_partition)
           DO UPDATE SET count = a.count + excluded.count`,
    values: [
      stateVersion,
      counts.map((one) => one.namespace),
      counts.map((one) => one.hour),
      counts.map((one) => one.segment),
      counts.map((one) => one.itemId),
      counts.map((one) => one.type),
      counts.map((one) => one.sourcePartition),
      counts.map((one) => one.count),
    ],
  });
}

export function createExposureLog(): ExposureLog<Queryable> {
  return { add: addExposures };
}

/** `sources` travel as one JSON text a row: Postgres arrays of arrays have to be rectangular. */
async function addExposures(tx: Queryable, stateVersion: number, exposures: readonly Exposure[]): Promise<void> {
  if (exposures.length === 0) return;
  await tx.query({
    name: 'exposure-add',
    text: `INSERT INTO exposure (state_version, namespace, user_id, item_id, event_id, kind, request_id, position,
                                 sources, variant, occurred_at, surface, watch_seconds)
           SELECT $1, namespace, user_id, item_id, event_id, kind, request_id, position,
                  CASE WHEN sources IS NOT NULL THEN ARRAY (SELECT jsonb_array_elements_text(sources::jsonb)) END,
                  variant, to_timestamp(occurred_ms / 1000), surface, watch_seconds
             FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::text[],
                         $10::text[], $11::float8[], $12::text[], $13::float8[])
                  AS r (namespace, user_id, item_id, event_id, kind, request_id, position, sources, variant, occurred_ms,
                        surface, watch_seconds)
            ORDER BY namespace COLLATE "C", user_id COLLATE "C", item_id COLLATE "C", event_id COLLATE "C", kind
           ON CONFLICT DO NOTHING`,
    values: [
      stateVersion,
      exposures.map((one) => one.namespace),
      exposures.map((one) => one.userId),
      exposures.map((one) => one.itemId),
      exposures.map((one) => one.eventId),
      exposures.map((one) => one.kind),
      exposures.map((one) => one.requestId),
      exposures.map((one) => one.position),
      exposures.map((one) => (one.sources === null ? null : JSON.stringify(one.sources))),
      exposures.map((one) => one.variant),
      exposures.map((one) => one.occurredAt),
      exposures.map((one) => one.surface),
      exposures.map((one) => one.watchSeconds),
    ],
  });
}
