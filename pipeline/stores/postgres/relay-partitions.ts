import type { Database, Tx } from './database.ts';

/** Rows a partition. */
const partitionRows = 20_000_000n;
/** Whole partitions that must lie ahead of the sequence: past the last one every insert fails. */
const partitionsAhead = 2n;
const upkeepLock = 4_712;

export interface PartitionOptions {
  readonly rows?: bigint;
  readonly ahead?: bigint;
}

/**
 * Creates partitions ahead of the sequence, one relay at a time. Built aside and attached, which takes
 * SHARE UPDATE EXCLUSIVE: CREATE … PARTITION OF takes ACCESS EXCLUSIVE on outbox, and behind one open writer
 * it would stop all ingest. Answers how many were created.
 */
export async function ensurePartitions(
  database: Pick<Database, 'transaction'>,
  { rows = partitionRows, ahead = partitionsAhead }: PartitionOptions = {},
): Promise<number> {
  for (let created = 0; ; created += 1) {
    const more = await database.transaction(async (tx) => {
      const [lock] = await tx.query<{ got: boolean }>({
        text: 'SELECT pg_try_advisory_xact_lock($1) AS got',
        values: [upkeepLock],
      });
      if (!lock?.got) return false;
      const { end, sequence } = await lastPartition(tx);
      if (end - sequence > ahead * rows) return false;
      await attach(tx, end, end + rows);
      return true;
    });
    if (!more) return created;
  }
}

async function lastPartition(tx: Tx): Promise<{ end: bigint; sequence: bigint }> {
  const [row] = await tx.query<{ end: bigint; sequence: bigint }>({
    text: `SELECT max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''?(\\d+)''?\\)'))[1]::bigint) AS "end",
                  (SELECT last_value FROM outbox_seq_seq) AS sequence
             FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'outbox'::regclass`,
  });
  return row as { end: bigint; sequence: bigint };
}

async function attach(tx: Tx, from: bigint, to: bigint): Promise<void> {
  const name = `outbox_p${from}`;
  await tx.query({ text: `SET LOCAL lock_timeout = '2s'` });
  await tx.query({
    text: `CREATE TABLE ${name} (LIKE outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)`,
  });
  await tx.query({ text: `ALTER TABLE ${name} ADD CONSTRAINT ${name}_range CHECK (seq >= ${from} AND seq < ${to})` });
  await tx.query({ text: `ALTER TABLE outbox ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${to})` });
  await tx.query({ text: `ALTER TABLE ${name} DROP CONSTRAINT ${name}_range` });
}
