import { shardOf } from '../../domain/murmur2.ts';
import type { OutboxRow } from '../outbox.ts';
import type { Queryable } from './database.ts';

/**
 * Appends rows in the given order (nextval stays above the sort, so `seq` follows `ord`).
 * Must run inside the writer's transaction, after the row locks that serialise it with others.
 */
export async function appendOutbox(tx: Queryable, rows: readonly OutboxRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: 'outbox-append',
    text: `INSERT INTO outbox (shard, topic, key, event_id, payload, occurred_at, traceparent)
           SELECT shard, topic, key, event_id, payload, to_timestamp(occurred_ms / 1000.0), traceparent
             FROM unnest($1::smallint[], $2::text[], $3::bytea[], $4::text[], $5::bytea[], $6::float8[], $7::text[])
                  WITH ORDINALITY AS r (shard, topic, key, event_id, payload, occurred_ms, traceparent, ord)
            ORDER BY ord`,
    values: [
      rows.map((row) => shardOf(row.key)),
      rows.map((row) => row.topic),
      rows.map((row) => row.key),
      rows.map((row) => row.eventId),
      rows.map((row) => row.payload),
      rows.map((row) => row.occurredAt),
      rows.map((row) => row.traceparent ?? null),
    ],
  });
}
