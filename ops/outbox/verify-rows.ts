import type { Database, Queryable } from '../../pipeline/stores/postgres/database.ts';
import { discardVerb } from './parked.ts';
import { wasPublished } from './published.ts';

/** `waiting`: no stored cursor has passed it, so it may or may not be in the topic. */
export type RowState = 'published' | 'waiting' | 'parked' | 'discarded';

export interface OutboxEntry {
  readonly seq: bigint;
  readonly topic: string;
  readonly eventId: string;
  readonly key: Buffer;
  /** Of key and payload, as `digestOf` makes it of a record. */
  readonly digest: Buffer;
  readonly state: RowState;
  /** Created before the end of the range. */
  readonly due: boolean;
}

export interface VerifyRange {
  /** Milliseconds since the epoch, by the database's clock, as `created_at`. */
  readonly since: number;
  readonly until: number;
  /** All that the outbox holds rows of, where none are named. */
  readonly topics?: readonly string[];
}

const digest = `substr(sha256(int4send(length(o.key)) || o.key
  || coalesce('\\x01'::bytea || o.payload, '\\x00'::bytea)), 1, 16)`;
const fetchRows = 10_000;

/**
 * Rows from the start of the range on, those after its end included, since they explain records that are found; in one
 * snapshot with the cursors. Partitions that were full a minute before the start are not read.
 */
export async function eachRow(
  database: Pick<Database, 'transaction'>,
  { since, until, topics }: VerifyRange,
  onRow: (row: OutboxEntry) => void,
): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query({ text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY' });
    const [from] = await tx.query<{ seq: bigint }>({
      text: `SELECT coalesce(max(upper_seq), 0) AS seq FROM outbox_partition
              WHERE closed_at < to_timestamp($1 / 1000.0) - interval '1 minute'`,
      values: [since],
    });
    await tx.query({
      text: `DECLARE verify_rows NO SCROLL CURSOR FOR
             SELECT o.seq, o.topic, o.event_id AS "eventId", o.key, ${digest} AS digest,
                    o.created_at < to_timestamp($2 / 1000.0) AS due,
                    CASE WHEN p.seq IS NOT NULL THEN 'parked' WHEN d.seq IS NOT NULL THEN 'discarded'
                         WHEN ${wasPublished} THEN 'published' ELSE 'waiting' END AS state
               FROM outbox o JOIN outbox_cursor c USING (shard)
               LEFT JOIN outbox_parked p ON p.seq = o.seq
               LEFT JOIN (SELECT DISTINCT s.seq::bigint AS seq FROM operator_audit, jsonb_array_elements_text(details -> 'seqs') AS s (seq)
                           WHERE verb = '${discardVerb}') d ON d.seq = o.seq
              WHERE o.seq >= $3 AND o.created_at >= to_timestamp($1 / 1000.0)
                AND ($4::text[] IS NULL OR o.topic = ANY ($4))`,
      values: [since, until, from?.seq ?? 0n, topics ? [...topics] : null],
    });
    for (;;) {
      const rows = await tx.query<OutboxEntry>({ text: `FETCH ${fetchRows} FROM verify_rows` });
      for (const row of rows) onRow(row);
      if (rows.length < fetchRows) return;
    }
  });
}

/** Which of these digests rows created before the range have: their records may have come late. */
export async function earlierDigests(
  db: Queryable,
  topic: string,
  { since, digests }: { readonly since: number; readonly digests: readonly Buffer[] },
): Promise<ReadonlySet<string>> {
  if (digests.length === 0) return new Set();
  const rows = await db.query<{ digest: Buffer }>({
    text: `SELECT DISTINCT ${digest} AS digest FROM outbox o
            WHERE topic = $1 AND created_at < to_timestamp($2 / 1000.0) AND ${digest} = ANY ($3::bytea[])`,
    values: [topic, since, [...digests]],
  });
  return new Set(rows.map((row) => row.digest.toString('latin1')));
}

/** Creation of the oldest row that is still there where older ones were dropped; undefined where none were. */
export async function keptSince(db: Queryable): Promise<number | undefined> {
  const [found] = await db.query<{ dropped: boolean; oldest: number | null }>({
    text: `SELECT NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                               WHERE i.inhparent = 'outbox'::regclass
                                 AND pg_get_expr(c.relpartbound, c.oid) LIKE 'FOR VALUES FROM (''0'')%') AS dropped,
                  (SELECT min(first.created_at) FROM outbox_cursor c CROSS JOIN LATERAL (
                     SELECT created_at FROM outbox o WHERE o.shard = c.shard ORDER BY seq LIMIT 1) first) AS oldest`,
  });
  return found?.dropped ? (found.oldest ?? Number.POSITIVE_INFINITY) : undefined;
}
