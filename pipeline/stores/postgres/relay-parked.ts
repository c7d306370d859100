import { type FencedRows, type HeldKey, heldBehind, type PageRow, type ParkedRecord } from '../relay.ts';
import type { Queryable } from './database.ts';

/** Waits for a thief that is bumping the epoch just now, and then finds none. */
const fence = 'fence AS (SELECT shard FROM outbox_cursor WHERE shard = $1 AND epoch = $2 FOR SHARE)';
const columns = 'seq, shard, topic, key, event_id, payload, traceparent, occurred_at, reason, message';

/** Fenced like the cursor. The first reason stays: a page that is read again must not change it. */
export async function park(writer: Queryable, { shard, epoch, seq, reason, message }: ParkedRecord): Promise<boolean> {
  return isHeld(writer, {
    name: 'relay-park',
    text: `WITH ${fence},
                blocked AS (
                  UPDATE outbox_parked SET reason = $4, message = $5, parked_at = clock_timestamp()
                    FROM fence WHERE seq = $3 AND reason = '${heldBehind}'),
                copied AS (
                  INSERT INTO outbox_parked (${columns})
                  SELECT seq, shard, topic, key, event_id, payload, traceparent, occurred_at, $4, $5
                    FROM outbox JOIN fence USING (shard) WHERE shard = $1 AND seq = $3
                  ON CONFLICT (seq) DO NOTHING)
           SELECT EXISTS (SELECT FROM fence) AS held`,
    values: [shard, epoch, seq, reason, message],
  });
}

export async function hold(writer: Queryable, { shard, epoch, seqs }: FencedRows): Promise<boolean> {
  return isHeld(writer, {
    name: 'relay-hold',
    text: `WITH ${fence},
                copied AS (
                  INSERT INTO outbox_parked (${columns})
                  SELECT seq, shard, topic, key, event_id, payload, traceparent, occurred_at, '${heldBehind}',
                         'waits behind an earlier record of its key'
                    FROM outbox JOIN fence USING (shard) WHERE shard = $1 AND seq = ANY ($3::bigint[])
                  ON CONFLICT (seq) DO NOTHING)
           SELECT EXISTS (SELECT FROM fence) AS held`,
    values: [shard, epoch, [...seqs]],
  });
}

export async function unpark(writer: Queryable, { shard, epoch, seqs }: FencedRows): Promise<boolean> {
  return isHeld(writer, {
    name: 'relay-unpark',
    text: `WITH ${fence},
                gone AS (DELETE FROM outbox_parked p USING fence WHERE p.shard = fence.shard AND seq = ANY ($3::bigint[]))
           SELECT EXISTS (SELECT FROM fence) AS held`,
    values: [shard, epoch, [...seqs]],
  });
}

export async function heldKeys(
  db: Queryable,
  shards: readonly number[],
  topics: readonly string[],
): Promise<HeldKey[]> {
  return db.query<HeldKey>({
    name: 'relay-held-keys',
    text: `SELECT DISTINCT shard, topic, key FROM outbox_parked
            WHERE shard = ANY ($1::smallint[]) AND topic = ANY ($2::text[])`,
    values: [[...shards], [...topics]],
  });
}

interface Parked extends Omit<PageRow, 'createdAt'> {
  readonly shard: number;
  readonly parked_at: number;
}

export async function releasable(
  db: Queryable,
  { shards, topics, limit }: { shards: readonly number[]; topics: readonly string[]; limit: number },
): Promise<Map<number, PageRow[]>> {
  const rows = await db.query<Parked>({
    name: 'relay-releasable',
    text: `WITH blocked AS (
             SELECT topic, key, min(seq) AS seq FROM outbox_parked
              WHERE shard = ANY ($1::smallint[]) AND topic = ANY ($2::text[]) AND reason <> '${heldBehind}'
              GROUP BY topic, key)
           SELECT p.shard, p.seq, p.topic, p.key, p.payload, p.parked_at
             FROM outbox_parked p LEFT JOIN blocked b ON b.topic = p.topic AND b.key = p.key
            WHERE p.shard = ANY ($1::smallint[]) AND p.topic = ANY ($2::text[]) AND p.reason = '${heldBehind}'
              AND (b.seq IS NULL OR p.seq < b.seq)
            ORDER BY p.seq LIMIT $3`,
    values: [[...shards], [...topics], limit],
  });
  const byShard = new Map<number, PageRow[]>();
  for (const { shard, seq, topic, key, payload, parked_at: createdAt } of rows) {
    const own = byShard.get(shard) ?? [];
    own.push({ seq, topic, key, payload, createdAt });
    byShard.set(shard, own);
  }
  return byShard;
}

async function isHeld(writer: Queryable, statement: { name: string; text: string; values: unknown[] }) {
  const [row] = await writer.query<{ held: boolean }>(statement);
  return row?.held === true;
}
