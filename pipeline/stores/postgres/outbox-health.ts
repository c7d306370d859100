import type { OutboxHealth } from '../relay.ts';
import type { Queryable } from './database.ts';

interface Row {
  readonly partitions: number;
  readonly ahead: number;
  readonly overdue: number;
  readonly refused: number;
  readonly oldest_closed: number | null;
  readonly xid_age: number;
  readonly xmin_age: number;
  readonly dead: Readonly<Record<string, number>>;
  readonly parked: Readonly<Record<string, number>>;
  readonly unowned: number;
}

/** Transactions with an id appear in every database's snapshots; a snapshot alone holds back its own database only. */
const healthText = `
WITH attached AS (
  SELECT (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''?(\\d+)''?\\)'))[1]::bigint AS lower_seq
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'outbox'::regclass),
open AS (
  SELECT clock_timestamp() - xact_start AS age, backend_xid IS NOT NULL AS has_xid, datname FROM pg_stat_activity
   WHERE pid <> pg_backend_pid() AND (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL)
  UNION ALL SELECT clock_timestamp() - prepared, true, database FROM pg_prepared_xacts)
SELECT (SELECT count(*)::int FROM attached) AS partitions,
       (SELECT count(*)::int FROM attached, outbox_seq_seq WHERE lower_seq > last_value) AS ahead,
       (SELECT count(*)::int FROM outbox_partition
         WHERE closed_at + $1 * interval '1 ms' <= clock_timestamp()) AS overdue,
       (SELECT count(*)::int FROM outbox_partition WHERE refused_at IS NOT NULL) AS refused,
       (SELECT date_part('epoch', min(closed_at)) * 1000 FROM outbox_partition) AS oldest_closed,
       (SELECT coalesce(date_part('epoch', max(age) FILTER (WHERE has_xid)), 0) * 1000 FROM open) AS xid_age,
       (SELECT coalesce(date_part('epoch', max(age) FILTER (WHERE datname = current_database())), 0) * 1000
          FROM open) AS xmin_age,
       (SELECT json_object_agg(relname, n_dead_tup) FROM pg_stat_user_tables
         WHERE schemaname = 'freshet' AND relname IN ('outbox_cursor', 'relay_lease')) AS dead,
       (SELECT coalesce(json_object_agg(reason, n), '{}') FROM (
          SELECT reason, count(*) AS n FROM outbox_parked GROUP BY reason) p) AS parked,
       (SELECT count(*)::int FROM relay_lease WHERE expires_at < clock_timestamp()) AS unowned`;

export async function outboxHealth(db: Queryable, retentionMs: number): Promise<OutboxHealth> {
  const [row] = await db.query<Row>({ name: 'outbox-health', text: healthText, values: [retentionMs] });
  const found = row as Row;
  return {
    partitions: found.partitions,
    partitionsAhead: found.ahead,
    partitionsOverdue: found.overdue,
    partitionsRefused: found.refused,
    oldestClosedAt: found.oldest_closed ?? undefined,
    oldestXidAgeMs: Math.max(0, found.xid_age),
    oldestXminAgeMs: Math.max(0, found.xmin_age),
    deadTuples: new Map(Object.entries(found.dead ?? {})),
    parked: new Map(Object.entries(found.parked)),
    unownedShards: found.unowned,
  };
}
