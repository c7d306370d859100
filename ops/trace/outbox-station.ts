import { shardCount, shardOf } from '../../pipeline/domain/murmur2.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import type { Database, Queryable } from '../../pipeline/stores/postgres/database.ts';
import { wasPublished } from '../outbox/published.ts';
import type { OutboxRowFacts, OutboxSearched } from './facts.ts';

export interface OutboxSearch {
  readonly outbox: string;
  readonly eventId: string;
  /** `ns|user` where it is known: then one shard of sixteen is searched. */
  readonly key: Buffer | undefined;
  readonly since: number;
  /** By the monotonic clock. */
  readonly deadlineMs: number;
}

/** Sequence numbers a statement: about 0.2 s, after which the time is looked at. */
const chunkSeqs = 200_000n;

/**
 * The rows of an event, newest first, back to `since`. The outbox has no index on event ids: one would cost every
 * write for a question that is asked now and then. Rows are found by shard and sequence, whose start is bisected.
 */
export async function searchOutbox(
  database: Database,
  { outbox, eventId, key, since, deadlineMs }: OutboxSearch,
): Promise<{ readonly rows: OutboxRowFacts[]; readonly searched: OutboxSearched }> {
  const shards = key === undefined ? Array.from({ length: shardCount }, (_, shard) => shard) : [shardOf(key)];
  const last = await lastSeq(database);
  const first = await firstSeqSince(database, since, last);
  const rows: OutboxRowFacts[] = [];
  let to = last;
  while (to >= first && systemClock.monotonic() < deadlineMs) {
    const from = to - chunkSeqs + 1n > first ? to - chunkSeqs + 1n : first;
    rows.push(...(await rowsBetween(database, { outbox, eventId, key, shards, from, to })));
    to = from - 1n;
  }
  const probe = await createdFrom(database, to + 1n);
  const searched = { outbox, rows: last - to, backTo: probe ?? undefined, isComplete: to < first };
  return { rows: rows.toSorted((a, b) => (a.seq < b.seq ? -1 : 1)), searched };
}

async function lastSeq(db: Queryable): Promise<bigint> {
  const [row] = await db.query<{ seq: bigint }>({ text: 'SELECT last_value AS seq FROM outbox_seq_seq' });
  return row?.seq ?? 0n;
}

/** Creation of the first row at or after a sequence number, of all shards; null where there is none. */
async function createdFrom(db: Queryable, seq: bigint): Promise<number | null> {
  const [row] = await db.query<{ created: number | null }>({
    name: 'trace-created-from',
    text: `SELECT min(first.created_at) AS created FROM outbox_cursor c CROSS JOIN LATERAL (
             SELECT created_at FROM outbox o WHERE o.shard = c.shard AND o.seq >= $1 ORDER BY o.seq LIMIT 1) first`,
    values: [seq],
  });
  return row?.created ?? null;
}

/** Rows of transactions that overlap are out of order by seconds: the search starts this much earlier. */
const slackMs = 300_000;

async function firstSeqSince(db: Queryable, since: number, last: bigint): Promise<bigint> {
  let low = 1n;
  let high = last + 1n;
  while (low < high) {
    const middle = (low + high) / 2n;
    const created = await createdFrom(db, middle);
    if (created !== null && created < since - slackMs) low = middle + 1n;
    else high = middle;
  }
  return low;
}

interface Between extends Pick<OutboxSearch, 'outbox' | 'eventId' | 'key'> {
  readonly shards: readonly number[];
  readonly from: bigint;
  readonly to: bigint;
}

async function rowsBetween(db: Queryable, { outbox, eventId, key, shards, from, to }: Between) {
  const rows = await db.query<Omit<OutboxRowFacts, 'outbox' | 'key'> & { readonly key: Buffer }>({
    text: `SELECT o.seq, o.shard, o.topic, o.key, o.created_at AS "createdAt", p.reason,
                  CASE WHEN p.seq IS NOT NULL THEN 'parked' WHEN ${wasPublished} THEN 'published' ELSE 'waiting' END AS state,
                  CASE WHEN l.expires_at > clock_timestamp() THEN l.owner END AS relay
             FROM unnest($1::smallint[]) AS s (shard)
            CROSS JOIN LATERAL (SELECT * FROM outbox r WHERE r.shard = s.shard AND r.seq BETWEEN $2 AND $3
                                   AND r.event_id = $4 AND ($5::bytea IS NULL OR r.key = $5)) o
             JOIN outbox_cursor c ON c.shard = o.shard
             JOIN relay_lease l ON l.shard = o.shard
             LEFT JOIN outbox_parked p ON p.seq = o.seq`,
    values: [shards, from, to, eventId, key ?? null],
  });
  return rows.map((row) => ({ ...row, outbox, key: row.key.toString() }));
}

/** Parked records outlive their rows. */
export async function findParked(db: Queryable, outbox: string, eventId: string): Promise<OutboxRowFacts[]> {
  const rows = await db.query<Omit<OutboxRowFacts, 'outbox' | 'key'> & { readonly key: Buffer }>({
    text: `SELECT seq, shard, topic, key, parked_at AS "createdAt", reason, 'parked' AS state, NULL AS relay
             FROM outbox_parked WHERE event_id = $1 ORDER BY seq LIMIT 20`,
    values: [eventId],
  });
  return rows.map((row) => ({ ...row, outbox, key: row.key.toString() }));
}
