import { FreshetError, TransientError } from '../../kernel/errors.ts';
import type { PartitionRetirement } from '../relay.ts';
import { advisoryLocks } from './advisory-locks.ts';
import { type Connection, openConnection } from './connection.ts';
import { type Database, isPooled, type Queryable } from './database.ts';
import { closePartitions, type PartitionState, partitionStates, partitionsToRetire } from './partition-states.ts';
import { checkOutbox } from './relay-checks.ts';
import { attachPartition } from './relay-partitions.ts';

/**
 * DETACH waits, without a lock on outbox, for transactions that have used it; what it began is finished at the next
 * call. FINALIZE waits for snapshots that are older, with a lock beside which rows are written and read but no
 * partition is attached: so for less time than creation waits.
 */
const waitMs = 1_000;
const settings = { lock_timeout: `${waitMs}ms` } as const;
/** The last check reads the whole partition. */
const checkTimeoutMs = 900_000;

export interface RetirementOptions {
  readonly url: string;
  /** How long a partition stays after the sequence has left it. */
  readonly retentionMs: number;
  /** Cuts the work off; the next call finds what was begun. */
  readonly signal?: AbortSignal;
}

/**
 * Drops partitions whose rows are all published and whose retention is over, without ever blocking a writer: DETACH
 * CONCURRENTLY outside any transaction, a last check, DROP of the detached table. One process at a time, by an advisory
 * lock in a transaction of its own that does nothing else: a lock of the session would be left behind by a pooler, and
 * one in the transaction that detaches is impossible. Whatever was cut off is read from the catalogue: a pending detach
 * is finalized, a detached table checked and dropped.
 */
export async function retirePartitions(database: Database, options: RetirementOptions): Promise<PartitionRetirement> {
  const nothing = { dropped: [], refused: [], waiting: false };
  await checkOutbox(database); // the ids of another cluster would tell published rows from others wrongly
  await closePartitions(database);
  if ((await toRetire(database, options)).length === 0) return nothing;
  return database.transaction(async (tx) => {
    // Without parameters: the driver leaves the portal of a parameterised statement open, and its snapshot with it,
    // and the end of a pending detach would wait for this very transaction.
    const [lock] = await tx.query<{ got: boolean }>({
      text: `SELECT pg_try_advisory_xact_lock(${advisoryLocks.partitionRetirement}) AS got`,
    });
    if (!lock?.got || options.signal?.aborted) return nothing;
    return withConnection(options, (connection) => retireAll({ connection, cancel: canceller(tx, options) }, options));
  });
}

async function toRetire(db: Pick<Database, 'query'>, { retentionMs }: RetirementOptions): Promise<PartitionState[]> {
  const [clock] = await db.query<{ now: number }>({ text: 'SELECT clock_timestamp() AS now' });
  return partitionsToRetire(await partitionStates(db, retentionMs), clock?.now ?? 0);
}

async function withConnection<T>(
  { url, signal }: RetirementOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await openConnection({
    url,
    name: 'freshet relay partitions',
    settings,
    queryTimeoutMs: checkTimeoutMs,
    onBroken: () => undefined, // the statement in flight rejects with it
  });
  const cut = () => void connection.close().catch(() => undefined);
  signal?.addEventListener('abort', cut);
  try {
    return await work(connection);
  } finally {
    signal?.removeEventListener('abort', cut);
    await connection.close();
  }
}

/** Ends a statement that waits; undefined where its session has a lock_timeout. */
type Cancel = ((text: string) => Promise<unknown>) | undefined;

interface Session {
  readonly connection: Connection;
  readonly cancel: Cancel;
}

/** Behind a transaction pooler no session keeps a setting, and DETACH cannot share a transaction with SET LOCAL. */
function canceller(tx: Queryable, { url }: RetirementOptions): Cancel {
  if (!isPooled(url)) return undefined;
  return (text) =>
    tx.query({
      text: `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND state = 'active' AND query = '${text}'`,
    });
}

async function runBounded({ connection, cancel }: Session, text: string): Promise<void> {
  let cancelled: Promise<unknown> | undefined;
  const timer = cancel && setTimeout(() => (cancelled = cancel(text).catch(() => undefined)), waitMs);
  try {
    await connection.query({ text });
  } finally {
    clearTimeout(timer);
    await cancelled; // where it failed the statement went on, and has ended by itself
  }
}

async function retireAll(session: Session, options: RetirementOptions): Promise<PartitionRetirement> {
  const { connection } = session;
  const dropped: string[] = [];
  const refused: string[] = [];
  // Read again under the lock: another process may just have finished.
  for (const partition of await toRetire(connection, options)) {
    try {
      const kept = await retire(session, partition);
      (kept ? refused : dropped).push(partition.name);
    } catch (error) {
      if (isLockTimeout(error)) return { dropped, refused, waiting: true };
      throw error;
    }
  }
  return { dropped, refused, waiting: false };
}

const isLockTimeout = (error: unknown) =>
  error instanceof TransientError && ['sql_55P03', 'sql_57014'].includes(error.code);

/** True where the partition was put back because it still holds an unpublished row. */
async function retire(session: Session, partition: PartitionState): Promise<boolean> {
  const { connection } = session;
  const { name, step } = partition;
  if (!/^outbox_p\d+$/.test(name))
    throw new FreshetError('outbox_partition_unknown', `not a partition of ours: ${name}`);
  if (step === 'attached') await runBounded(session, `ALTER TABLE outbox DETACH PARTITION ${name} CONCURRENTLY`);
  if (step === 'pending') await runBounded(session, `ALTER TABLE outbox DETACH PARTITION ${name} FINALIZE`);
  return inTransaction(connection, async () => {
    await connection.query({ text: `SET LOCAL lock_timeout = '${waitMs}ms'` });
    if (step !== 'gone') {
      if (await hasUnpublished(connection, name)) {
        await putBack(connection, partition);
        return true;
      }
      await connection.query({ text: `DROP TABLE ${name}` });
    }
    await connection.query({ text: 'DELETE FROM outbox_partition WHERE name = $1', values: [name] });
    return false;
  });
}

async function inTransaction<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  await connection.query({ text: 'BEGIN' });
  try {
    const result = await work();
    await connection.query({ text: 'COMMIT' });
    return result;
  } catch (error) {
    await connection.query({ text: 'ROLLBACK' }).catch(() => undefined); // broken: the server has done it
    throw error;
  }
}

/** Cannot be so by the rule that led here; it is what a mistaken hand on a cursor would be caught by. */
async function hasUnpublished(connection: Connection, name: string): Promise<boolean> {
  const rows = await connection.query({
    text: `SELECT FROM ${name} p JOIN outbox_cursor c USING (shard)
            WHERE NOT pg_visible_in_snapshot(p.xid, c.base) LIMIT 1`,
  });
  return rows.length > 0;
}

async function putBack(connection: Connection, partition: PartitionState): Promise<void> {
  await attachPartition(connection, partition);
  await connection.query({
    text: 'UPDATE outbox_partition SET refused_at = clock_timestamp() WHERE name = $1',
    values: [partition.name],
  });
}
