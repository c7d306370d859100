import type { Database } from '../../../pipeline/stores/postgres/database.ts';

/**
 * Stores cursors as if all that is visible now were published. Snapshots list the open transactions of every database
 * of the cluster; those of other tests are left out, lest their length decide what happens here.
 */
export async function passAll(database: Database, shards = Array.from({ length: 16 }, (_, n) => n)): Promise<void> {
  const [found] = await database.query<{ xmax: string; open: string[] | null }>({
    text: `SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xmax,
                  ARRAY(SELECT backend_xid::text FROM pg_stat_activity
                         WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
                        UNION SELECT transaction::text FROM pg_prepared_xacts WHERE database = current_database()) AS open`,
  });
  const xmax = BigInt(found?.xmax ?? 0);
  const open = (found?.open ?? []).map(BigInt).filter((xid) => xid < xmax);
  open.sort((a, b) => (a < b ? -1 : 1));
  await database.query({
    text: 'UPDATE outbox_cursor SET base = $1::pg_snapshot, target = NULL WHERE shard = ANY ($2::smallint[])',
    values: [`${open[0] ?? xmax}:${xmax}:${open.join()}`, shards],
  });
}
