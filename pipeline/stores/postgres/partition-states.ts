import type { Database, Queryable } from './database.ts';
import type { PartitionBounds } from './relay-partitions.ts';

/** `pending`: DETACH CONCURRENTLY was cut off halfway. `gone`: dropped by another hand. */
export type PartitionStep = 'attached' | 'pending' | 'detached' | 'gone';

export interface PartitionState extends PartitionBounds {
  readonly step: PartitionStep;
  /** No transaction that wrote into it has a larger xid; null while the sequence is not past it. */
  readonly closedXid: bigint | null;
  /** Milliseconds since the epoch, as below. */
  readonly closedAt: number | null;
  readonly refusedAt: number | null;
  readonly bytes: bigint;
  /** Shards whose stored base may not show every transaction that wrote into it. */
  readonly heldBy: readonly number[];
  /** Closed for longer than the retention. */
  readonly expired: boolean;
}

/** Attached by a migration, or before this table was there. */
const unregistered = `
  SELECT relname AS name, bound[1]::bigint AS lower_seq, bound[2]::bigint AS upper_seq
    FROM (SELECT c.relname, regexp_match(pg_get_expr(c.relpartbound, c.oid),
                   'FROM \\(''?(\\d+)''?\\) TO \\(''?(\\d+)''?\\)') AS bound
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
           WHERE i.inhparent = 'outbox'::regclass AND NOT i.inhdetachpending) p
   WHERE NOT EXISTS (SELECT FROM outbox_partition o WHERE o.name = p.relname)`;

/**
 * Closes partitions that the sequence has left behind. First the sequence is read, then, in a transaction that begins
 * later, an xid is taken: whoever wrote into the partition drew its seq before the first and has a smaller xid than
 * the second. So nothing can appear there any more once every cursor's base has an xmin above that xid. The largest
 * xid in the partition would not do: a transaction with a smaller one may still be open beside it.
 */
export async function closePartitions(database: Pick<Database, 'query' | 'transaction'>): Promise<void> {
  await database.query({
    text: `INSERT INTO outbox_partition (name, lower_seq, upper_seq) ${unregistered} ON CONFLICT (name) DO NOTHING`,
  });
  const passed = await database.query<{ name: string }>({
    text: `SELECT name FROM outbox_partition
            WHERE closed_xid IS NULL AND upper_seq <= (SELECT last_value FROM outbox_seq_seq WHERE is_called)`,
  });
  if (passed.length === 0) return;
  await database.transaction((tx) =>
    tx.query({
      text: `UPDATE outbox_partition SET closed_xid = pg_current_xact_id(), closed_at = clock_timestamp()
              WHERE name = ANY ($1) AND closed_xid IS NULL`,
      values: [passed.map(({ name }) => name)],
    }),
  );
}

interface Row extends Omit<PartitionState, 'closedXid'> {
  readonly closedXid: string | null;
}

/** Every partition in seq order; those past their end are told from `retentionMs`. */
export async function partitionStates(db: Queryable, retentionMs: number): Promise<PartitionState[]> {
  const rows = await db.query<Row>({
    text: `SELECT p.name, lower_seq AS lower, upper_seq AS upper, closed_xid::text AS "closedXid",
                  closed_at AS "closedAt", refused_at AS "refusedAt",
                  CASE WHEN t.oid IS NULL THEN 'gone' WHEN i.inhrelid IS NULL THEN 'detached'
                       WHEN i.inhdetachpending THEN 'pending' ELSE 'attached' END AS step,
                  coalesce(pg_total_relation_size(t.oid), 0) AS bytes,
                  coalesce(closed_at + $1 * interval '1 ms' <= clock_timestamp(), false) AS expired,
                  ARRAY(SELECT c.shard::int FROM outbox_cursor c
                         WHERE closed_xid IS NULL OR pg_snapshot_xmin(c.base) <= closed_xid ORDER BY 1) AS "heldBy"
             FROM (SELECT name, lower_seq, upper_seq, closed_xid, closed_at, refused_at FROM outbox_partition
                   UNION ALL SELECT name, lower_seq, upper_seq, NULL, NULL, NULL FROM (${unregistered}) u) p
             LEFT JOIN pg_class t ON t.oid = to_regclass(p.name)
             LEFT JOIN pg_inherits i ON i.inhrelid = t.oid AND i.inhparent = 'outbox'::regclass
            ORDER BY lower_seq`,
    values: [retentionMs],
  });
  return rows.map((row) => ({ ...row, closedXid: row.closedXid === null ? null : BigInt(row.closedXid) }));
}

/** An hour after a refusal it is tried again: somebody may have mended what was wrong. */
const refusalMs = 3_600_000;

/** What must be taken on, in the order of doing: what was begun first, then the oldest. */
export function partitionsToRetire(states: readonly PartitionState[], now: number): PartitionState[] {
  const ready = states.filter(({ step, closedXid, heldBy, expired, refusedAt }) => {
    if (closedXid === null) return false;
    if (step !== 'attached') return true;
    return expired && heldBy.length === 0 && (refusedAt === null || now - refusedAt > refusalMs);
  });
  return [...ready.filter(({ step }) => step !== 'attached'), ...ready.filter(({ step }) => step === 'attached')];
}
