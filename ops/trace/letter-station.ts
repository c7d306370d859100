import type { Queryable } from '../../pipeline/stores/postgres/database.ts';
import type { LetterFacts, RecordFacts } from './facts.ts';

/** By the event's id; those without one by where its records lie, since what cannot be read has no id. */
export function findLetters(
  db: Queryable,
  { eventId, namespace }: { readonly eventId: string; readonly namespace: string },
  records: readonly RecordFacts[],
): Promise<LetterFacts[]> {
  return db.query<LetterFacts>({
    text: `SELECT stage, state_version AS "stateVersion", topic, partition, "offset", reason, message, status,
                  redrive_count AS "redriveCount", event_id IS NOT NULL AS "hasEventId",
                  last_failed_at AS "lastFailedAt"
             FROM dead_letter
            WHERE (event_id = $1 OR (event_id IS NULL AND (topic, partition, "offset") IN (
                    SELECT * FROM unnest($2::text[], $3::int[], $4::bigint[]))))
              AND (stage NOT IN ('enrichment', 'aggregation', 'exposure') OR position($5::bytea IN key) = 1)
            ORDER BY last_failed_at LIMIT 20`,
    values: [
      eventId,
      records.map(({ topic }) => topic),
      records.map(({ partition }) => partition),
      records.map(({ offset }) => offset),
      Buffer.from(`${namespace}|`),
    ],
  });
}
