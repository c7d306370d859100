import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FreshetError, TransientError } from '../../../pipeline/kernel/errors.ts';
import { type Connection, openConnection } from '../../../pipeline/stores/postgres/connection.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import { outboxDepth } from '../../../pipeline/stores/postgres/outbox-depth.ts';
import { createCuttableLink } from '../../support/cuttable-link.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { startTestRelay, type TestRelay, type TestRelayOptions } from './harness.ts';

const pageRecords = 50;
let workspace: Workspace;
let database: Database;
const relays: TestRelay[] = [];
const opened: Connection[] = [];

/** A broker that answers as it is told, and remembers what it was offered. */
let answer: (ids: readonly string[]) => FreshetError | undefined = () => undefined;
const offered = new Set<string>();
let sends = 0;
const published: string[] = [];
const producer = {
  async send(batch: readonly { records: readonly { value: Buffer | null }[] }[]) {
    const ids = batch.flatMap(({ records }) => records.map(({ value }) => String(value)));
    for (const id of ids) offered.add(id);
    sends += 1;
    const error = answer(ids);
    if (error) throw error;
    published.push(...ids);
  },
  close: async () => undefined,
};

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'steadfast' });
  database = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});

afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
  await Promise.all(opened.splice(0).map((connection) => connection.close()));
  answer = () => undefined;
  offered.clear();
  published.length = 0;
  sends = 0;
});

afterAll(async () => {
  await database.close();
  await workspace.close();
});

async function relay(options: Partial<TestRelayOptions> = {}): Promise<TestRelay> {
  const started = await startTestRelay({ config: workspace.config, producer, pageRecords, ...options });
  relays.push(started);
  return started;
}

async function connect(): Promise<Connection> {
  const url = workspace.config.FRESHET_POSTGRES_URL;
  const connection = await openConnection({ url, name: 'writer', onBroken: () => undefined });
  opened.push(connection);
  return connection;
}

const rowOf = (id: string, key = id) => ({
  topic: 't',
  key: Buffer.from(key),
  eventId: id,
  payload: Buffer.from(id),
  occurredAt: 1,
});
const append = (ids: readonly string[]) =>
  database.transaction((tx) =>
    appendOutbox(
      tx,
      ids.map((id) => rowOf(id)),
    ),
  );
const range = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}${n}`);
const parked = () => database.query({ text: 'SELECT event_id, reason FROM outbox_parked' });
const isSettled = () => eventually(async () => expect(await outboxDepth(database)).toMatchObject({ records: 0 }));

describe('a relay whose broker is away', () => {
  it('reads one page a shard and no more, however much is written, and parks nothing', async () => {
    answer = () => new TransientError('kafka_unavailable', 'away');
    await relay();
    await append(range('first', 4_000));
    await eventually(() => expect(sends).toBeGreaterThan(16 * 3));
    await append(range('later', 4_000));
    const before = sends;
    await eventually(() => expect(sends).toBeGreaterThan(before + 16 * 3));
    expect(offered.size).toBeGreaterThan(0);
    expect(offered.size).toBeLessThanOrEqual(16 * pageRecords);
    expect(published).toEqual([]);
    answer = () => undefined;
    await eventually(() => expect(new Set(published).size).toBe(8_000));
    await isSettled();
    expect(published).toHaveLength(8_000);
    expect(await parked()).toEqual([]);
  });
});

describe('a relay whose connections are forgotten by the network, so that nobody is told', () => {
  it('gives them up and goes on', async () => {
    const { hostname, port } = new URL(workspace.config.FRESHET_POSTGRES_URL);
    const link = await createCuttableLink({ host: hostname, port: Number(port) });
    const url = new URL(workspace.config.FRESHET_POSTGRES_URL);
    url.port = String(link.port);
    await relay({ config: { ...workspace.config, FRESHET_POSTGRES_URL: url.href }, queryTimeoutMs: 1_000 });
    await append(['before']);
    await eventually(() => expect(published).toEqual(['before']));
    await isSettled(); // cursors are stored behind: lost before that, it would rightly come again
    link.lose();
    await append(['after']);
    await eventually(() => expect(published).toEqual(['before', 'after']));
    await relays.pop()?.stop();
    await link.close();
  });
});

describe('a relay beside an open write transaction', () => {
  it('publishes what others commit, before and behind it, and its rows once it commits', async () => {
    await relay();
    const open = await connect();
    await open.query({ text: 'BEGIN' });
    await appendOutbox(open, [rowOf('open1', 'k')]);
    await append(['k', ...range('other', 300)]);
    await eventually(() => expect(published).toHaveLength(301));
    await appendOutbox(open, [rowOf('open2', 'k')]);
    await append(range('more', 300));
    await eventually(() => expect(published).toHaveLength(601));
    expect(published.filter((id) => id.startsWith('open'))).toEqual([]);
    await open.query({ text: 'COMMIT' });
    await eventually(() => expect(published.slice(601)).toEqual(['open1', 'open2']));
    await isSettled();
  });

  it('publishes the rows of a prepared transaction when that is committed, from another connection', async () => {
    await relay();
    const open = await connect();
    const [name] = await database.query<{ name: string }>({
      text: `SELECT current_database() || '-steadfast' AS name`,
    });
    await open.query({ text: 'BEGIN' });
    await appendOutbox(open, [rowOf('prepared')]);
    await open.query({ text: `PREPARE TRANSACTION '${name?.name}'` });
    await append(range('beside', 100));
    await eventually(() => expect(published).toHaveLength(100));
    await database.query({ text: `COMMIT PREPARED '${name?.name}'` });
    await eventually(() => expect(published.at(-1)).toBe('prepared'));
    await isSettled();
    expect(published).toHaveLength(101);
  });
});

describe('a relay that meets a record the broker never takes', () => {
  it.each(['record_too_large', 'record_invalid'])('parks it (%s) and publishes what stands beside it', async (code) => {
    const bad = `${code}50`;
    answer = (ids) => (ids.includes(bad) ? new FreshetError(code, 'never') : undefined);
    await relay();
    await append(range(code, 120));
    await eventually(async () => expect(await parked()).toEqual([{ event_id: bad, reason: code }]));
    await eventually(() => expect(published).toHaveLength(119));
    await isSettled();
    await database.query({ text: 'TRUNCATE outbox_parked' });
  });
});
