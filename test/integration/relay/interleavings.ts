import fc from 'fast-check';
import pg from 'pg';
import { connectionConfig } from '../../../pipeline/stores/postgres/database.ts';

/** Ways in which a writer's transaction can come about and end. */
export const transactionKinds = [
  'plain',
  'slow',
  'aborted',
  'savepoint released',
  'savepoint rolled back',
  'prepared, committed',
  'prepared, rolled back',
  'xid long before the row',
  'nextval without a row',
  'repeatable read',
] as const;

export interface TransactionPlan {
  readonly kind: (typeof transactionKinds)[number];
  readonly key: number;
  /** Writes under a row lock of the key, so that transactions of one key are serialised. */
  readonly locked: boolean;
  readonly rows: number;
  readonly pauseMs: number;
}

const planArbitrary: fc.Arbitrary<TransactionPlan> = fc
  .record({
    kind: fc.oneof(
      { weight: 8, arbitrary: fc.constant('plain' as const) },
      { weight: 9, arbitrary: fc.constantFrom(...transactionKinds) },
    ),
    key: fc.nat(39),
    locked: fc.boolean(),
    rows: fc.integer({ min: 1, max: 5 }),
    pauseMs: fc.oneof({ weight: 4, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(60) }),
  })
  .map((plan) => (plan.kind === 'slow' ? { ...plan, pauseMs: 100 + plan.pauseMs * 5 } : plan));

export function plansFor(seed: number, count: number): TransactionPlan[] {
  return fc.sample(planArbitrary, { seed, numRuns: count });
}

/** A row whose transaction committed, as its writer saw it. */
export interface Committed {
  readonly id: string;
  readonly key: number;
  /** Place in the order of the key's lock, where it was written under it. */
  readonly lockOrder: number | undefined;
  /** Monotonic times of the writer: before its INSERT was sent, after its COMMIT was answered. */
  readonly sentAt: number;
  readonly committedAt: number;
}

export const shards = [0, 1, 2, 3] as const;

/** Runs the plans on as many connections at once as `writers`; answers all that was committed. */
export async function runPlans(url: string, plans: readonly TransactionPlan[], writers: number): Promise<Committed[]> {
  const committed: Committed[] = [];
  let next = 0;
  const work = async () => {
    const client = new pg.Client(connectionConfig(url));
    await client.connect();
    try {
      for (let at = next++; at < plans.length; at = next++) {
        committed.push(...(await runPlan(client, plans[at] as TransactionPlan, at)));
      }
    } finally {
      await client.end();
    }
  };
  await Promise.all(Array.from({ length: writers }, work));
  return committed;
}

type Written = Omit<Committed, 'committedAt'>;

async function runPlan(client: pg.Client, plan: TransactionPlan, at: number): Promise<Committed[]> {
  const { kind, key, rows, pauseMs } = plan;
  const pause = () => client.query('SELECT pg_sleep($1)', [pauseMs / 1_000]);
  const insert = (part: string, lockOrder: number | undefined) =>
    insertRows(client, { at, part, key, rows, lockOrder });
  const written: Written[] = [];
  await client.query(kind === 'repeatable read' ? 'BEGIN ISOLATION LEVEL REPEATABLE READ' : 'BEGIN');
  if (kind === 'xid long before the row') await client.query('SELECT pg_current_xact_id()').then(pause);
  if (kind === 'nextval without a row') await client.query(`SELECT nextval('outbox_seq_seq')`).then(pause);
  // A repeatable-read transaction that lost the race for the lock would fail, so it takes none.
  const lockOrder = plan.locked && kind !== 'repeatable read' ? await lockKey(client, key) : undefined;
  if (kind === 'repeatable read') await client.query('SELECT count(*) FROM key_lock').then(pause);
  if (kind !== 'nextval without a row' || at % 2 === 0) written.push(...(await insert('a', lockOrder)));
  if (kind.startsWith('savepoint')) {
    await client.query('SAVEPOINT s');
    const inner = await insert('b', lockOrder);
    if (kind === 'savepoint released') written.push(...inner);
    await client.query(kind === 'savepoint released' ? 'RELEASE s' : 'ROLLBACK TO s');
    written.push(...(await insert('c', lockOrder)));
  }
  await pause();
  if (kind === 'slow') written.push(...(await insert('d', lockOrder)));
  const kept = await end(client, plan, at);
  const committedAt = performance.now();
  return kept ? written.map((row) => ({ ...row, committedAt })) : [];
}

/** Ends the transaction; true where it committed. */
async function end(client: pg.Client, { kind, pauseMs }: TransactionPlan, at: number): Promise<boolean> {
  if (kind === 'aborted') {
    await client.query('ROLLBACK');
    return false;
  }
  if (!kind.startsWith('prepared')) {
    await client.query('COMMIT');
    return true;
  }
  const { rows } = await client.query('SELECT current_database() AS name');
  const id = `${rows[0]?.name}-${at}`;
  await client.query(`PREPARE TRANSACTION '${id}'`);
  await client.query('SELECT pg_sleep($1)', [pauseMs / 1_000]);
  await client.query(`${kind === 'prepared, committed' ? 'COMMIT' : 'ROLLBACK'} PREPARED '${id}'`);
  return kind === 'prepared, committed';
}

async function lockKey(client: pg.Client, key: number): Promise<number> {
  const { rows } = await client.query('UPDATE key_lock SET n = n + 1 WHERE key = $1 RETURNING n', [key]);
  return rows[0]?.n as number;
}

interface Insert {
  readonly at: number;
  readonly part: string;
  readonly key: number;
  readonly rows: number;
  readonly lockOrder: number | undefined;
}

/** Single-row VALUES, multi-row VALUES and unnest in turn; the payload is the event's id. */
async function insertRows(client: pg.Client, { at, part, key, rows, lockOrder }: Insert): Promise<Written[]> {
  const ids = Array.from({ length: rows }, (_, row) => `${at}.${part}.${row}`);
  const sentAt = performance.now();
  const columns = 'outbox (shard, topic, key, event_id, payload, occurred_at)';
  const shard = key % shards.length;
  if (at % 3 === 0) {
    await client.query(
      `INSERT INTO ${columns} SELECT $1, 't', $2, id, convert_to(id, 'UTF8'), now()
         FROM unnest($3::text[]) WITH ORDINALITY AS r (id, ord) ORDER BY ord`,
      [shard, Buffer.from(String(key)), ids],
    );
  } else {
    const each = at % 3 === 1 ? ids.map((id) => [id]) : [ids];
    for (const some of each) {
      const values = some.map((_, n) => `($1, 't', $2, $${n + 3}, convert_to($${n + 3}, 'UTF8'), now())`);
      await client.query(`INSERT INTO ${columns} VALUES ${values.join()}`, [shard, Buffer.from(String(key)), ...some]);
    }
  }
  return ids.map((id) => ({ id, key, lockOrder, sentAt }));
}
