import { FreshetError } from '../../kernel/errors.ts';
import { advisoryLocks } from './advisory-locks.ts';
import type { Database, Queryable, Tx } from './database.ts';

/** Whole partitions that must lie ahead of the sequence: past the last one every insert fails. */
const partitionsAhead = 2n;
const defaultRows = 20_000_000n;

export interface PartitionOptions {
  /** Rows a partition; those that are there keep their size. */
  readonly rows?: bigint;
  readonly ahead?: bigint;
}

/**
 * Creates partitions ahead of the sequence, one relay at a time; who comes second finds them. Built aside and attached, which takes
 * SHARE UPDATE EXCLUSIVE: CREATE … PARTITION OF takes ACCESS EXCLUSIVE on outbox, and behind one open writer
 * it would stop all ingest. Answers how many were created.
 */
export async function ensurePartitions(
  database: Pick<Database, 'transaction' | 'query'>,
  { rows = defaultRows, ahead = partitionsAhead }: PartitionOptions = {},
): Promise<number> {
  const isEnough = async (db: Queryable) => {
    const { end, sequence } = await lastPartition(db);
    return end - sequence > ahead * rows;
  };
  for (let created = 0; ; created += 1) {
    if (await isEnough(database)) return created;
    const more = await database.transaction(async (tx) => {
      await tx.query({ text: `SET LOCAL lock_timeout = '2s'` });
      await tx.query({ text: `SELECT pg_advisory_xact_lock(${advisoryLocks.partitionCreation})` });
      if (await isEnough(tx)) return false;
      const { end } = await lastPartition(tx);
      await attach(tx, end, end + rows);
      return true;
    });
    if (!more) return created;
  }
}

async function lastPartition(tx: Queryable): Promise<{ end: bigint; sequence: bigint }> {
  const [row] = await tx.query<{ end: bigint; sequence: bigint }>({
    text: `SELECT max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''?(\\d+)''?\\)'))[1]::bigint) AS "end",
                  (SELECT last_value FROM outbox_seq_seq) AS sequence
             FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'outbox'::regclass`,
  });
  return row as { end: bigint; sequence: bigint };
}

async function attach(tx: Tx, from: bigint, to: bigint): Promise<void> {
  const name = `outbox_p${from}`;
  await removeStray(tx, name);
  await tx.query({
    text: `CREATE TABLE ${name} (LIKE outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE)`,
  });
  await attachPartition(tx, { name, lower: from, upper: to });
}

/** A table under this name that is no partition, as a restore or a hand leaves it; one with rows is not ours to judge. */
async function removeStray(tx: Tx, name: string): Promise<void> {
  const [there] = await tx.query<{ found: boolean }>({
    text: 'SELECT to_regclass($1) IS NOT NULL AS found',
    values: [name],
  });
  if (!there?.found) return;
  const rows = await tx.query({ text: `SELECT FROM ${name} LIMIT 1` });
  if (rows.length > 0) {
    const message = `table ${name} stands where the outbox's next partition must be and holds rows: move it out of the schema, then look whether its rows were published`;
    throw new FreshetError('outbox_partition_stray', message);
  }
  await tx.query({ text: `DROP TABLE ${name}` });
}

export interface PartitionBounds {
  readonly name: string;
  /** First seq. */
  readonly lower: bigint;
  /** First seq that belongs to the next one. */
  readonly upper: bigint;
}

/** With the CHECK in place ATTACH reads no row. */
export async function attachPartition(tx: Pick<Tx, 'query'>, { name, lower, upper }: PartitionBounds): Promise<void> {
  const range = `${name}_range`;
  await tx.query({ text: `ALTER TABLE ${name} DROP CONSTRAINT IF EXISTS ${range}` });
  await tx.query({ text: `ALTER TABLE ${name} ADD CONSTRAINT ${range} CHECK (seq >= ${lower} AND seq < ${upper})` });
  await tx.query({ text: `ALTER TABLE outbox ATTACH PARTITION ${name} FOR VALUES FROM (${lower}) TO (${upper})` });
  await tx.query({ text: `ALTER TABLE ${name} DROP CONSTRAINT ${range}` });
}
