import { shardOf } from '../../domain/murmur2.ts';
import type { OutboxRow } from '../outbox.ts';
import type { Queryable } from './database.ts';
import { pack } from './packed.ts';

/**
 * Appends rows in the given order (nextval stays above the sort, so `seq` follows `ord`).
 * Must run inside the writer's transaction, after the row locks that serialise it with others.
 */
export async function appendOutbox(tx: Queryable, rows: readonly OutboxRow[]): Promise<void> {
  if (rows.length === 0) return;
  const keys = pack(rows.map((row) => row.key));
  const payloads = pack(rows.map((row) => row.payload));
  await tx.query({
    name: 'outbox-append',
    text: `INSERT INTO outbox (shard, topic, key, event_id, payload, occurred_at, traceparent)
           SELECT shard, topic, substring($8::bytea from key_at for key_bytes), event_id,
                  substring($9::bytea from payload_at for payload_bytes), to_timestamp(occurred_ms / 1000.0), traceparent
             FROM unnest($1::smallint[], $2::text[], $3::int[], $4::int[], $5::text[], $6::int[], $7::int[],
                         $10::float8[], $11::text[])
                  WITH ORDINALITY AS r (shard, topic, key_at, key_bytes, event_id, payload_at, payload_bytes,
                                        occurred_ms, traceparent, ord)
            ORDER BY ord`,
    values: [
      rows.map((row) => shardOf(row.key)),
      rows.map((row) => row.topic),
      keys.from,
      keys.length,
      rows.map((row) => row.eventId),
      payloads.from,
      payloads.length,
      keys.bytes,
      payloads.bytes,
      rows.map((row) => row.occurredAt),
      rows.map((row) => row.traceparent ?? null),
    ],
  });
}
