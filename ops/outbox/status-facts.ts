import type { Database, Queryable } from '../../pipeline/stores/postgres/database.ts';
import { walkSettings } from '../../pipeline/stores/postgres/relay-pages.ts';

/** Rows counted a shard: what matters is whether it is none, some or many. */
export const countedRows = 1_000;

export interface ShardStatus {
  readonly shard: number;
  readonly owner: string | null;
  readonly epoch: bigint;
  /** Below 0: run out. Null where nobody ever held it. */
  readonly leaseLeftMs: number | null;
  /** Everything of smaller ids is published. */
  readonly baseXmin: string;
  readonly floor: bigint;
  /** Position in the batch that is open; null where none is. */
  readonly openAt: bigint | null;
  /** Committed rows not published, counted up to `countedRows`. */
  readonly waiting: number;
  readonly savedAgoMs: number;
}

export interface Holder {
  readonly kind: 'transaction' | 'prepared' | 'replication slot';
  readonly id: string;
  readonly database: string | null;
  /** The application's name, where it gave one. */
  readonly name: string | null;
  readonly state: string | null;
  readonly ageMs: number | null;
  readonly queryAgeMs: number | null;
  /** `partitions`: it has an id, so bases cannot pass it. `vacuum`: only dead row versions stay. */
  readonly holds: 'partitions' | 'vacuum';
}

export interface ParkedCount {
  readonly reason: string;
  readonly topic: string;
  readonly records: number;
  readonly oldestAgoMs: number;
}

const shardsText = `
SELECT l.shard, l.owner, l.epoch, pg_snapshot_xmin(c.base)::text AS "baseXmin", f.seq AS floor,
       CASE WHEN c.target IS NOT NULL THEN c.last_seq END AS "openAt", r.waiting,
       CASE WHEN isfinite(l.expires_at) THEN date_part('epoch', l.expires_at - clock_timestamp()) * 1000 END AS "leaseLeftMs",
       date_part('epoch', clock_timestamp() - c.updated_at) * 1000 AS "savedAgoMs"
  FROM relay_lease l JOIN outbox_cursor c USING (shard)
 CROSS JOIN LATERAL (
   SELECT CASE WHEN c.target IS NOT NULL THEN c.last_seq ELSE least(c.base_floor, min(h.floor)
               FILTER (WHERE pg_visible_in_snapshot(h.xid, pg_current_snapshot()))) END AS seq
     FROM unnest(c.hold_xid, c.hold_floor) AS h (xid, floor)) f
 CROSS JOIN LATERAL (
   SELECT count(*)::int AS waiting FROM (
     SELECT FROM outbox o WHERE o.shard = c.shard AND o.seq > f.seq AND NOT pg_visible_in_snapshot(o.xid, c.base)
      ORDER BY o.seq LIMIT ${countedRows}) w) r
 ORDER BY l.shard`;

export function shardStatuses(database: Pick<Database, 'transaction'>): Promise<ShardStatus[]> {
  return database.transaction(async (tx) => {
    const settings = Object.entries(walkSettings).map(([name, value]) => `set_config('${name}', '${value}', true)`);
    await tx.query({ text: `SELECT ${settings.join()}` });
    return tx.query<ShardStatus>({ text: shardsText });
  });
}

/** Of other users' sessions only pg_read_all_stats shows ages and names. */
const holdersText = `
SELECT * FROM (
  SELECT 'transaction' AS kind, pid::text AS id, datname AS database, nullif(application_name, '') AS name, state,
         date_part('epoch', clock_timestamp() - xact_start) * 1000 AS "ageMs",
         date_part('epoch', clock_timestamp() - query_start) * 1000 AS "queryAgeMs",
         CASE WHEN backend_xid IS NOT NULL THEN 'partitions' ELSE 'vacuum' END AS holds
    FROM pg_stat_activity
   WHERE pid <> pg_backend_pid() AND (backend_xid IS NOT NULL
      OR backend_xmin IS NOT NULL AND datname = current_database())
  UNION ALL
  SELECT 'prepared', gid, database, owner, 'prepared', date_part('epoch', clock_timestamp() - prepared) * 1000, NULL,
         'partitions' FROM pg_prepared_xacts
  UNION ALL
  SELECT 'replication slot', slot_name, database, plugin, CASE WHEN active THEN 'active' ELSE 'inactive' END, NULL, NULL,
         'vacuum' FROM pg_replication_slots WHERE xmin IS NOT NULL OR catalog_xmin IS NOT NULL) h
 ORDER BY (kind <> 'transaction') DESC, "ageMs" DESC NULLS LAST LIMIT 20`;

export const oldHolders = (db: Queryable): Promise<Holder[]> => db.query<Holder>({ text: holdersText });

export const parkedCounts = (db: Queryable): Promise<ParkedCount[]> =>
  db.query<ParkedCount>({
    text: `SELECT reason, topic, count(*)::int AS records,
                  date_part('epoch', clock_timestamp() - min(parked_at)) * 1000 AS "oldestAgoMs"
             FROM outbox_parked GROUP BY reason, topic ORDER BY records DESC, topic`,
  });
