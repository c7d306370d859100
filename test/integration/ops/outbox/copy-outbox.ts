import type { Database } from '../../../../pipeline/stores/postgres/database.ts';

const tables = ['outbox_identity', 'outbox_cursor', 'relay_lease', 'outbox_parked', 'outbox_partition', 'outbox'];

/**
 * What `pg_dump` and `psql` do with the outbox: all tables from one snapshot, each written by a transaction of its own
 * with every column as it was, then the sequence. (The servers at hand come without these programs.)
 */
export async function copyOutbox(from: Database, to: Database): Promise<void> {
  const { dumped, sequence } = await from.transaction(async (tx) => {
    await tx.query({ text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' });
    const dumps = new Map<string, string>();
    for (const table of tables) {
      const [row] = await tx.query<{ rows: string }>({
        text: `SELECT coalesce(json_agg(t), '[]')::text AS rows FROM ${table} t`,
      });
      dumps.set(table, row?.rows ?? '[]');
    }
    const [value] = await tx.query<{ last_value: bigint; is_called: boolean }>({
      text: 'SELECT last_value, is_called FROM outbox_seq_seq',
    });
    return { dumped: dumps, sequence: value };
  });
  for (const [table, rows] of dumped) {
    await to.query({ text: `TRUNCATE ${table}` });
    await to.query({
      text: `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::${table}, $1::json)`,
      values: [rows],
    });
  }
  await to.query({
    text: `SELECT setval('outbox_seq_seq', $1, $2)`,
    values: [sequence?.last_value ?? 1n, sequence?.is_called ?? false],
  });
}
