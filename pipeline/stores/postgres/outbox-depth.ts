import type { OutboxDepth } from '../relay.ts';
import type { Database } from './database.ts';
import { walkSettings } from './relay-pages.ts';

/** Rows counted exactly a shard unless told otherwise; beyond, the rest is taken from the sequence. */
const exactRows = 5_000;

interface Row {
  readonly counted: number;
  readonly oldest: number | null;
  readonly capped: boolean;
  readonly draining: boolean;
  readonly first_seq: bigint | null;
  readonly last_seq: bigint | null;
  readonly sequence: bigint;
}

/**
 * Committed rows that no stored cursor has passed, of all shards. Each shard is walked from its floor, so the
 * cost is bounded by what is unpublished (at most 5,000 rows a shard), not by the table.
 */
export async function outboxDepth(
  database: Pick<Database, 'transaction'>,
  countedRows = exactRows,
): Promise<OutboxDepth> {
  const rows = await database.transaction(async (tx) => {
    const settings = Object.entries(walkSettings).map(([name, value]) => `set_config('${name}', '${value}', true)`);
    await tx.query({ text: `SELECT ${settings.join()}` });
    return tx.query<Row>({ text: depthText, values: [countedRows] });
  });
  let records = 0;
  let oldest: number | undefined;
  for (const row of rows) {
    records += row.counted;
    if (row.capped) records += restOf(row);
    if (row.oldest !== null) oldest = Math.min(oldest ?? Number.POSITIVE_INFINITY, row.oldest);
  }
  return { records, exact: rows.every(({ capped, draining }) => !capped && !draining), oldestCreatedAt: oldest };
}

/** Assumes that the rest of the sequence is as dense with this shard's rows as what was counted. */
function restOf({ counted, first_seq: first, last_seq: last, sequence }: Row): number {
  if (first === null || last === null || last <= first) return 0;
  return Math.round((Number(sequence - last) * counted) / Number(last - first + 1n));
}

/**
 * A held floor counts only once its transaction is finished: until then its rows cannot be seen. Within an open
 * batch only what lies ahead is counted, since walking what it has published would cost as much as publishing.
 */
const depthText = `
SELECT count(r.seq)::int AS counted, count(r.seq) >= $1 AS capped, bool_or(c.target IS NOT NULL) AS draining, min(r.created) AS oldest,
       min(r.seq) AS first_seq, max(r.seq) AS last_seq,
       (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM outbox_seq_seq) AS sequence
  FROM outbox_cursor c
 CROSS JOIN LATERAL (
   SELECT CASE WHEN c.target IS NOT NULL THEN c.last_seq ELSE least(c.base_floor, min(h.floor)
               FILTER (WHERE pg_visible_in_snapshot(h.xid, pg_current_snapshot()))) END AS seq
     FROM unnest(c.hold_xid, c.hold_floor) AS h (xid, floor)) f
  LEFT JOIN LATERAL (
   SELECT o.seq, date_part('epoch', o.created_at) * 1000 AS created
     FROM outbox o
    WHERE o.shard = c.shard AND o.seq > f.seq AND NOT pg_visible_in_snapshot(o.xid, c.base)
    ORDER BY o.seq LIMIT $1) r ON true
 GROUP BY c.shard`;
