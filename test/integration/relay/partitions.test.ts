import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAppliedEvents } from '../../../pipeline/stores/postgres/applied-event.ts';
import { type Connection, openConnection } from '../../../pipeline/stores/postgres/connection.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import { retirePartitions } from '../../../pipeline/stores/postgres/partition-retirement.ts';
import { closePartitions, partitionStates } from '../../../pipeline/stores/postgres/partition-states.ts';
import { ensurePartitions } from '../../../pipeline/stores/postgres/relay-partitions.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { passAll } from './pass-all.ts';

let workspace: Workspace;
let database: Database;
let url: string;
const closing: (() => Promise<void>)[] = [];
const ignore = () => undefined;
const size = { rows: 1_000n, ahead: 3n };

beforeEach(async () => {
  workspace = await createWorkspace({ name: 'partitions' });
  url = workspace.config.FRESHET_POSTGRES_URL;
  database = openDatabase({ url, onIdleError: ignore });
  // The first one, of 20 million rows, would never be full.
  await sql('DROP TABLE outbox_p0');
  await sql('CREATE TABLE outbox_p0 PARTITION OF outbox FOR VALUES FROM (0) TO (1000)');
  await ensurePartitions(database, size);
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await database.close();
  await workspace.close();
});

const sql = <Row extends object = Record<string, unknown>>(text: string, values: unknown[] = []) =>
  database.query<Row>({ text, values });

async function connect(name = 'test'): Promise<Connection> {
  const connection = await openConnection({ url, name, onBroken: ignore });
  closing.push(() => connection.close());
  return connection;
}

let written = 0;
const append = (tx: Pick<Connection, 'query'>, count: number) =>
  appendOutbox(
    tx,
    Array.from({ length: count }, () => {
      written += 1;
      return { topic: 't', key: Buffer.from(`k${written}`), eventId: `e${written}`, payload: null, occurredAt: 1 };
    }),
  );
const insertOne = `INSERT INTO outbox (shard, topic, key, event_id, occurred_at) VALUES (3, 't', 'k', 'e', now())`;
const fill = (count: number) => database.transaction((tx) => append(tx, count));

const publishAll = () => passAll(database);
const retire = (retentionMs = 0) => retirePartitions(database, { url, retentionMs });
const names = async () => (await partitionStates(database, 0)).map(({ name, step }) => `${name} ${step}`);
const tables = async () =>
  (
    await sql<{ name: string }>(`SELECT relname AS name FROM pg_class
      WHERE relkind = 'r' AND relname ~ '^outbox_p[0-9]+$' AND relnamespace = 'freshet'::regnamespace
      ORDER BY oid`)
  ).map(({ name }) => name);
const all = ['outbox_p0', 'outbox_p1000', 'outbox_p2000', 'outbox_p3000'];

/** Makes a partition look as a process left it that was cut off. */
async function close(name: string): Promise<void> {
  await fill(1_200);
  await closePartitions(database);
  await publishAll();
  const [state] = (await partitionStates(database, 0)).filter((one) => one.name === name);
  expect(state?.heldBy).toEqual([]);
}

describe('a partition', () => {
  it('is dropped once the sequence is past it, all it holds is published and its retention is over', async () => {
    expect(await retire()).toEqual({ dropped: [], refused: [], waiting: false });
    await fill(1_100);
    expect((await retire()).dropped).toEqual([]); // nothing is published
    await publishAll();
    expect((await retire(3_600_000)).dropped).toEqual([]); // must be kept
    expect((await retire()).dropped).toEqual(['outbox_p0']);
    expect(await tables()).toEqual(all.slice(1));
    expect(await sql('SELECT count(*)::int AS n FROM outbox')).toEqual([{ n: 101 }]);
  });

  it('stays while one shard has not stored a base past its closing', async () => {
    await fill(1_100);
    await retire();
    await passAll(
      database,
      Array.from({ length: 16 }, (_, shard) => shard).filter((shard) => shard !== 7),
    );
    expect((await retire()).dropped).toEqual([]);
    expect((await partitionStates(database, 0))[0]).toMatchObject({ name: 'outbox_p0', heldBy: [7], expired: true });
    await publishAll();
    expect((await retire()).dropped).toEqual(['outbox_p0']);
  });

  it('stays while a transaction that wrote into it is open, though every cursor is past its largest visible xid', async () => {
    const slow = await connect();
    await slow.query({ text: 'BEGIN' });
    await append(slow, 1); // the smaller xid, not committed
    await fill(1_100); // the larger xid, committed and published
    await retire();
    await publishAll();
    const [rule] = await sql<{ past: boolean }>(
      `SELECT bool_and((SELECT max(xid) FROM outbox_p0) < pg_snapshot_xmax(base)) AS past FROM outbox_cursor`,
    );
    expect(rule).toEqual({ past: true }); // the obvious rule would drop it now
    expect((await retire()).dropped).toEqual([]);
    await slow.query({ text: 'COMMIT' });
    expect((await retire()).dropped).toEqual([]); // committed, and not published yet
    expect(
      await sql(`SELECT event_id FROM outbox_p0, outbox_cursor c WHERE c.shard = outbox_p0.shard
                        AND NOT pg_visible_in_snapshot(xid, base)`),
    ).toHaveLength(1);
    await publishAll();
    expect((await retire()).dropped).toEqual(['outbox_p0']);
  });

  it('is attached again, with an alarm, where a row in it was passed by no cursor', async () => {
    await close('outbox_p0');
    await sql(`UPDATE outbox_partition SET closed_xid = '3' WHERE name = 'outbox_p0'`); // a mistaken hand
    await sql(`UPDATE outbox_cursor SET base = ('4:' || pg_snapshot_xmax(base) || ':4')::pg_snapshot`);
    await sql(`UPDATE outbox_p0 SET xid = '4' WHERE seq = 5`);
    expect(await retire()).toEqual({ dropped: [], refused: ['outbox_p0'], waiting: false });
    expect(await names()).toEqual(all.map((name) => `${name} attached`));
    expect(await sql('SELECT count(*)::int AS n FROM outbox')).toEqual([{ n: 1_200 }]);
    expect(await retire()).toEqual({ dropped: [], refused: [], waiting: false }); // not again within the hour
    await sql(`UPDATE outbox_partition SET refused_at = now() - interval '2 hours' WHERE name = 'outbox_p0'`);
    await publishAll();
    expect((await retire()).dropped).toEqual(['outbox_p0']);
  });
});

describe('a process that was cut off', () => {
  it('before it stored when a partition was closed: it is closed later', async () => {
    await fill(1_100);
    await publishAll(); // cursors moved on, nobody looked at partitions
    expect((await retire()).dropped).toEqual([]); // the xid is taken only now
    await publishAll();
    expect((await retire()).dropped).toEqual(['outbox_p0']);
  });

  it('while DETACH was waiting: the pending one is finalized and dropped, and writers were never blocked', async () => {
    await close('outbox_p0');
    const writer = await connect('writer');
    await writer.query({ text: 'BEGIN' });
    await writer.query({ text: insertOne });
    const detaching = openConnection({ url, name: 'detacher', onBroken: ignore });
    const detach = (await detaching).query({ text: 'ALTER TABLE outbox DETACH PARTITION outbox_p0 CONCURRENTLY' });
    const outcome = detach.then(
      () => 'detached',
      (error: Error) => error.message,
    );
    await eventually(async () => {
      const waiting = await sql(
        `SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid)
          WHERE a.application_name = 'detacher' AND a.wait_event_type = 'Lock'
            AND l.locktype = 'virtualxid' AND NOT l.granted AND a.query LIKE '%CONCURRENTLY'`,
      );
      expect(waiting).toHaveLength(1);
    });
    // While it waits it holds nothing on outbox: others write, read and make partitions.
    const other = await connect('other');
    await other.query({ text: "SET lock_timeout = '1ms'" });
    await append(other, 10);
    await other.query({ text: 'SELECT count(*) FROM outbox' });
    expect(await ensurePartitions(database, { rows: 1_000n, ahead: 5n })).toBeGreaterThan(0);
    const held = await sql(
      `SELECT mode FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'detacher' AND relation = 'outbox'::regclass`,
    );
    expect(held).toEqual([]);
    await sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'detacher'`);
    expect(await outcome).not.toBe('detached');
    expect((await names())[0]).toBe('outbox_p0 pending');
    expect((await retire()).dropped).toEqual(['outbox_p0']); // beside the writer, which is still open
    await writer.query({ text: insertOne });
    await writer.query({ text: 'COMMIT' });
  });

  it('after DETACH: the detached table is checked and dropped, not left behind', async () => {
    await close('outbox_p0');
    await sql('ALTER TABLE outbox DETACH PARTITION outbox_p0 CONCURRENTLY');
    expect((await names())[0]).toBe('outbox_p0 detached');
    expect((await retire()).dropped).toEqual(['outbox_p0']);
    expect(await tables()).not.toContain('outbox_p0');
  });

  it('after DETACH, with an unpublished row in it: it is attached again', async () => {
    await close('outbox_p0');
    await sql('ALTER TABLE outbox DETACH PARTITION outbox_p0 CONCURRENTLY');
    await sql(`UPDATE outbox_cursor SET base = '3:3:'`);
    expect(await retire()).toMatchObject({ dropped: [], refused: ['outbox_p0'] });
    expect((await names())[0]).toBe('outbox_p0 attached');
    expect(await sql('SELECT count(*)::int AS n FROM outbox')).toEqual([{ n: 1_200 }]);
  });

  it('after DROP by another hand: its entry goes', async () => {
    await close('outbox_p0');
    await sql('ALTER TABLE outbox DETACH PARTITION outbox_p0 CONCURRENTLY');
    await sql('DROP TABLE outbox_p0');
    expect((await retire()).dropped).toEqual(['outbox_p0']);
    expect(await names()).toEqual(all.slice(1).map((name) => `${name} attached`));
  });

  it('between CREATE and ATTACH: an empty table is replaced, one with rows is named and left alone', async () => {
    await sql('CREATE TABLE outbox_p4000 (LIKE outbox)');
    expect(await ensurePartitions(database, { rows: 1_000n, ahead: 4n })).toBe(1);
    expect((await tables()).at(-1)).toBe('outbox_p4000');
    await sql('CREATE TABLE outbox_p5000 (LIKE outbox)');
    await sql(`INSERT INTO outbox_p5000 SELECT 0, '3', 5000, 't', 'k', 'e', NULL, now(), NULL, now()`);
    await expect(ensurePartitions(database, { rows: 1_000n, ahead: 5n })).rejects.toMatchObject({
      code: 'outbox_partition_stray',
      message: expect.stringContaining('outbox_p5000'),
    });
    expect(await sql('SELECT count(*)::int AS n FROM outbox_p5000')).toEqual([{ n: 1 }]);
  });

  it('by its stop: the call ends, and the next one finishes', async () => {
    await close('outbox_p0');
    const stopping = new AbortController();
    stopping.abort();
    expect(await retirePartitions(database, { url, retentionMs: 0, signal: stopping.signal })).toMatchObject({
      dropped: [],
    });
    expect((await retire()).dropped).toEqual(['outbox_p0']);
  });
});

describe('beside an open transaction', () => {
  it('a drop gives up its wait and goes on at the next call', async () => {
    await close('outbox_p0');
    const writer = await connect('writer');
    await writer.query({ text: 'BEGIN' });
    await writer.query({ text: insertOne });
    expect(await retire()).toEqual({ dropped: [], refused: [], waiting: true });
    expect((await names())[0]).toBe('outbox_p0 pending');
    expect((await retire()).dropped).toEqual(['outbox_p0']);
    await writer.query({ text: 'COMMIT' });
  });

  it('with a snapshot, a drop waits for its end, and writers are not blocked meanwhile', async () => {
    await close('outbox_p0');
    const reader = await connect('reader');
    await reader.query({ text: 'BEGIN ISOLATION LEVEL REPEATABLE READ' });
    await reader.query({ text: 'SELECT count(*) FROM outbox' });
    expect((await retire()).waiting).toBe(true);
    const next = retire();
    const other = await connect('other');
    await eventually(async () => {
      const finalizing = await sql(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FINALIZE'`,
      );
      expect(finalizing).toHaveLength(1);
    });
    await other.query({ text: "SET lock_timeout = '1ms'" });
    await append(other, 10);
    await other.query({ text: 'SELECT count(*) FROM outbox' });
    expect(await next).toEqual({ dropped: [], refused: [], waiting: true });
    await reader.query({ text: 'COMMIT' });
    expect((await retire()).dropped).toEqual(['outbox_p0']);
  });

  it('that was prepared, the pending detach is finalized', async () => {
    await close('outbox_p0');
    const writer = await connect('writer');
    await writer.query({ text: 'BEGIN' });
    await writer.query({ text: insertOne });
    await writer.query({ text: `PREPARE TRANSACTION '${workspace.config.FRESHET_KAFKA_TOPIC_PREFIX}'` });
    expect((await retire()).waiting).toBe(true);
    expect((await retire()).dropped).toEqual(['outbox_p0']);
    await writer.query({ text: `ROLLBACK PREPARED '${workspace.config.FRESHET_KAFKA_TOPIC_PREFIX}'` });
  });

  it('a drop behind a transaction pooler, which keeps no settings of a session, gives up its wait too', async () => {
    await close('outbox_p0');
    const [own] = await sql<{ name: string }>('SELECT current_database() AS name');
    await sql(`ALTER DATABASE ${own?.name} SET search_path = freshet`);
    const reader = await connect('reader');
    await reader.query({ text: 'BEGIN ISOLATION LEVEL REPEATABLE READ' });
    await reader.query({ text: 'SELECT count(*) FROM outbox' });
    const pooled = openDatabase({ url: `${url}?pooler=transaction`, onIdleError: ignore });
    closing.push(() => pooled.close());
    const retirePooled = () => retirePartitions(pooled, { url: `${url}?pooler=transaction`, retentionMs: 0 });
    expect(await retirePooled()).toEqual({ dropped: [], refused: [], waiting: true }); // DETACH
    expect(await retirePooled()).toEqual({ dropped: [], refused: [], waiting: true }); // FINALIZE
    expect((await names())[0]).toBe('outbox_p0 pending');
    await reader.query({ text: 'COMMIT' });
    expect((await retirePooled()).dropped).toEqual(['outbox_p0']);
  });

  it('only one process drops at a time', async () => {
    await close('outbox_p0');
    const results = await Promise.all([retire(), retire(), retire()]);
    expect(results.flatMap(({ dropped }) => dropped)).toEqual(['outbox_p0']);
  });
});

describe('making partitions ahead', () => {
  it('goes on while an aggregation counts events', async () => {
    await database.transaction(async (tx) => {
      await createAppliedEvents().claim(tx, 1, ['00000000-0000-4000-8000-000000000001']);
      expect(await ensurePartitions(database, { ...size, ahead: 5n })).toBe(2);
    });
  });

  it('leaves enough to each of two that do it at the same time', async () => {
    const ahead = async () => {
      const created = await ensurePartitions(database, { ...size, ahead: 6n });
      return { created, there: (await names()).length };
    };
    const [one, other] = await Promise.all([ahead(), ahead()]);
    expect([one.there, other.there]).toEqual([7, 7]);
    expect(one.created + other.created).toBe(3);
  });
});
