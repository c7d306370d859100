import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openBatch, parseSnapshot } from '../../../pipeline/domain/outbox-cursor.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { type Connection, openConnection } from '../../../pipeline/stores/postgres/connection.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import { outboxDepth } from '../../../pipeline/stores/postgres/outbox-depth.ts';
import { createOutboxSignal, outboxChannel } from '../../../pipeline/stores/postgres/outbox-signal.ts';
import { createLeaseSessions } from '../../../pipeline/stores/postgres/relay-leases.ts';
import { ensurePartitions } from '../../../pipeline/stores/postgres/relay-partitions.ts';
import { createOutboxSessions } from '../../../pipeline/stores/postgres/relay-session.ts';
import type { CursorRow, LeaseSession, OutboxSession } from '../../../pipeline/stores/relay.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let database: Database;
let url: string;
const closing: (() => Promise<void>)[] = [];
const ignore = () => undefined;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'outbox-store' });
  url = workspace.config.FRESHET_POSTGRES_URL;
  database = openDatabase({ url, onIdleError: ignore });
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

afterAll(async () => {
  await database.close();
  await workspace.close();
});

async function outboxSession(): Promise<OutboxSession> {
  const session = await createOutboxSessions(url).open({ onSignal: ignore, onBroken: ignore });
  closing.push(() => session.close());
  return session;
}

async function leaseSession(relay: string, leaseMs: number): Promise<LeaseSession> {
  const session = await createLeaseSessions(url).open(relay, leaseMs, { onFreed: ignore, onBroken: ignore });
  closing.push(() => session.close(new Map()));
  return session;
}

async function connect(): Promise<Connection> {
  const connection = await openConnection({ url, name: 'test', onBroken: ignore });
  closing.push(() => connection.close());
  return connection;
}

const sql = (text: string) => database.query({ text });
const row = (id: string, key = 'k') => ({
  topic: 't',
  key: Buffer.from(key),
  eventId: id,
  payload: Buffer.from(id),
  occurredAt: 1,
});
const expireAll = () => sql(`UPDATE relay_lease SET expires_at = '-infinity'`);

describe('the lease', () => {
  it('is taken once, and again only after it has run out', async () => {
    await expireAll();
    const [a, b] = [await leaseSession('a', 60_000), await leaseSession('b', 60_000)];
    const [byA, byB] = await Promise.all([a.take([1, 2, 3]), b.take([1, 2, 3])]);
    expect([...byA.keys(), ...byB.keys()].sort()).toEqual([1, 2, 3]);
    expect((await b.take([1, 2, 3])).size).toBe(0);
    await expireAll();
    expect([...(await b.take([1, 2, 3])).keys()].sort()).toEqual([1, 2, 3]);
  });

  it('is no longer renewed once somebody else has taken it', async () => {
    await expireAll();
    const [a, b] = [await leaseSession('a', 60_000), await leaseSession('b', 60_000)];
    const held = await a.take([4, 5]);
    await sql(`UPDATE relay_lease SET expires_at = '-infinity' WHERE shard = 5`);
    await b.take([5]);
    expect((await a.renew(held)).renewed).toEqual([4]);
  });

  it('is free at once when it is given back', async () => {
    await expireAll();
    const [a, b] = [await leaseSession('a', 60_000), await leaseSession('b', 60_000)];
    await a.giveBack(await a.take([6]));
    expect((await b.take([6])).has(6)).toBe(true);
  });

  it('is told to be free only when the relay that gave it back is no longer counted', async () => {
    await expireAll();
    let told = 0;
    const hears = { onFreed: () => (told += 1), onBroken: ignore };
    const other = await createLeaseSessions(url).open('b', 60_000, hears);
    closing.push(() => other.close(new Map()));
    const leaving = await createLeaseSessions(url).open('a', 60_000, { onFreed: ignore, onBroken: ignore });
    await leaving.renew(new Map());
    const held = await leaving.take([7]);
    const blocker = await connect();
    await blocker.query({ text: `BEGIN; SELECT FROM relay_member WHERE relay = 'a' FOR UPDATE` });
    const closed = leaving.close(held);
    const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    await eventually(async () => expect(await sql(waiting)).toHaveLength(1));
    await other.renew(new Map()); // what was sent before is heard before its answer
    expect(told).toBe(0);
    await blocker.query({ text: 'ROLLBACK' });
    await closed;
    await eventually(() => expect(told).toBe(1));
    expect((await other.renew(new Map())).relays).toEqual(['b']);
  });

  it('shows every relay that is alive, whether or not it holds anything', async () => {
    const [a, b] = [await leaseSession('a', 60_000), await leaseSession('b', 60_000)];
    await b.renew(new Map());
    expect((await a.renew(new Map())).relays).toEqual(['a', 'b']);
  });
});

describe('the list of relays', () => {
  it('keeps none that was killed long ago', async () => {
    await sql(`INSERT INTO relay_member VALUES ('killed', now() - interval '2 days'), ('alive', now())`);
    const session = await createLeaseSessions(url).open('a', 60_000, { onFreed: ignore, onBroken: ignore });
    await session.renew(new Map());
    await session.close(new Map());
    const left = await sql(`SELECT relay FROM relay_member WHERE relay IN ('killed', 'alive', 'a')`);
    expect(left).toEqual([{ relay: 'alive' }]);
    await sql(`DELETE FROM relay_member WHERE relay = 'alive'`);
  });
});

describe('the cursor in the database', () => {
  const advanced = ({ shard, epoch, cursor }: CursorRow): CursorRow => ({
    shard,
    epoch,
    cursor: openBatch({ ...cursor, holds: new Map([[7n, 3n]]) }, parseSnapshot('10:12:10,11'), 41n),
    nextFloor: 42n,
  });

  it('comes back as it was stored', async () => {
    await expireAll();
    const [leases, session] = [await leaseSession('a', 60_000), await outboxSession()];
    const held = await leases.take([8]);
    const [before] = await session.loadCursors(held);
    const stored = advanced(before as CursorRow);
    expect(await session.saveCursors([stored])).toEqual(new Set([8]));
    expect(await session.loadCursors(held)).toEqual([stored]);
    await sql(
      `UPDATE outbox_cursor SET base = '3:3:', target = NULL, hold_xid = '{}', hold_floor = '{}' WHERE shard = 8`,
    );
  });

  it('is not moved by a relay whose lease was taken by another', async () => {
    await expireAll();
    const [a, b, session] = [await leaseSession('a', 60_000), await leaseSession('b', 60_000), await outboxSession()];
    const stale = await a.take([9]);
    const [cursor] = await session.loadCursors(stale);
    await expireAll();
    const held = await b.take([9]);
    expect(await session.saveCursors([advanced(cursor as CursorRow)])).toEqual(new Set());
    expect(await session.loadCursors(stale)).toEqual([]);
    expect((await session.loadCursors(held))[0]?.cursor).toEqual(cursor?.cursor);
    expect(await session.park({ shard: 9, epoch: stale.get(9) as bigint, seq: 1n, reason: 'x', message: 'x' })).toBe(
      false,
    );
  });
});

describe('opening a session', () => {
  it.each([
    [
      'a sequence with a cache',
      'ALTER SEQUENCE outbox_seq_seq CACHE 20',
      'ALTER SEQUENCE outbox_seq_seq CACHE 1',
      'CACHE',
    ],
    [
      'an identity that writers may override',
      'ALTER TABLE outbox ALTER seq SET GENERATED BY DEFAULT',
      'ALTER TABLE outbox ALTER seq SET GENERATED ALWAYS',
      'ALWAYS',
    ],
    [
      'an xid that is not the writer’s own',
      `ALTER TABLE outbox ALTER xid SET DEFAULT '3'`,
      'ALTER TABLE outbox ALTER xid SET DEFAULT pg_current_xact_id()',
      'pg_current_xact_id',
    ],
  ])('refuses %s', async (_, spoil, mend, named) => {
    await sql(spoil);
    const opening = outboxSession();
    await expect(opening).rejects.toMatchObject({ code: 'outbox_unsafe', message: expect.stringContaining(named) });
    await sql(mend);
    await outboxSession();
  });

  it('refuses cursors from the future and names the remedy', async () => {
    await sql(`UPDATE outbox_cursor SET base = '9000000000:9000000000:' WHERE shard = 2`);
    await expect(outboxSession()).rejects.toMatchObject({
      code: 'outbox_restored',
      message: expect.stringContaining('freshet outbox restamp'),
      fields: { shards: '2' },
    });
    await sql(`UPDATE outbox_cursor SET base = '3:3:' WHERE shard = 2`);
  });

  it('refuses rows of another cluster, also where this one has reached their transaction ids', async () => {
    await sql('UPDATE outbox_identity SET system_identifier = system_identifier + 1');
    await expect(outboxSession()).rejects.toMatchObject({ code: 'outbox_restored' });
    await sql('UPDATE outbox_identity SET system_identifier = system_identifier - 1');
    await outboxSession();
  });
});

describe('partitions', () => {
  it('are created ahead of the sequence once, beside an open writer', async () => {
    const writer = await connect();
    await writer.query({ text: 'BEGIN' });
    await appendOutbox(writer, [row('open')]);
    const size = { rows: 10_000_000n, ahead: 4n };
    expect(await ensurePartitions(database, size)).toBe(3);
    expect(await ensurePartitions(database, size)).toBe(0);
    await writer.query({ text: 'ROLLBACK' });
    const bounds = await database.query<{ bound: string }>({
      text: `SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class
              WHERE relispartition AND relname LIKE 'outbox_p%' AND relkind = 'r' ORDER BY oid`,
    });
    expect(bounds.at(-1)?.bound).toBe(`FOR VALUES FROM ('40000000') TO ('50000000')`);
  });

  it('take rows when the sequence gets there', async () => {
    await sql('ALTER TABLE outbox ALTER seq RESTART WITH 45000000');
    await database.transaction((tx) => appendOutbox(tx, [row('far')]));
    expect(await sql(`SELECT tableoid::regclass::text AS name FROM outbox WHERE event_id = 'far'`)).toEqual([
      { name: 'outbox_p40000000' },
    ]);
  });
});

describe('the depth', () => {
  it('counts committed rows that no cursor has passed, and knows the oldest', async () => {
    const { records: before } = await outboxDepth(database);
    const writer = await connect();
    await writer.query({ text: 'BEGIN' });
    await appendOutbox(writer, [row('uncommitted')]);
    await database.transaction((tx) =>
      appendOutbox(
        tx,
        Array.from({ length: 300 }, (_, n) => row(`d${n}`, `k${n}`)),
      ),
    );
    const depth = await outboxDepth(database);
    await writer.query({ text: 'ROLLBACK' });
    expect(depth).toMatchObject({ records: before + 300, exact: true });
    const [oldest] = await database.query<{ at: number }>({ text: 'SELECT min(created_at) AS at FROM outbox' });
    expect(Math.abs((depth.oldestCreatedAt ?? 0) - (oldest?.at ?? 0))).toBeLessThan(1);
  });
});

describe('the signal after commit', () => {
  it('reaches listeners, one for many, also after its connection was cut', async () => {
    let heard = 0;
    const listener = await openConnection({
      url,
      name: 'listener',
      channels: [outboxChannel],
      onNotification: () => {
        heard += 1;
      },
      onBroken: ignore,
    });
    closing.push(() => listener.close());
    const signal = createOutboxSignal({ url, log: createLogger('silent') });
    closing.push(() => signal.close());
    for (let n = 0; n < 1_000; n += 1) signal.signal();
    await eventually(() => expect(heard).toBe(2)); // the leading edge, and one for the rest
    await sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'freshet outbox signal'`,
    );
    await eventually(() => {
      signal.signal();
      expect(heard).toBeGreaterThan(2);
    });
  });
});
