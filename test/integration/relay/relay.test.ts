import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { partitionOf } from '../../../pipeline/domain/murmur2.ts';
import { TransientError } from '../../../pipeline/kernel/errors.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import { outboxDepth } from '../../../pipeline/stores/postgres/outbox-depth.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { startTestRelay, type TestRelay, type TestRelayOptions } from './harness.ts';
import { createPlainTopics, followTopics, type TopicLog } from './topic-log.ts';

let workspace: Workspace;
let database: Database;
let log: TopicLog;
const relays: TestRelay[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'relay' });
  const { config } = workspace;
  database = openDatabase({ url: config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
  await createPlainTopics(config, ['plain', 'compacted']);
  log = await followTopics(config, ['plain', 'compacted']);
});

afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await database.query({ text: 'TRUNCATE outbox_parked' });
});

afterAll(async () => {
  await log.close();
  await database.close();
  await workspace.close();
});

async function relay(options: Partial<TestRelayOptions> = {}): Promise<TestRelay> {
  const isFenced = (topic: string) => topic === 'compacted';
  const started = await startTestRelay({ config: workspace.config, isFenced, ...options });
  relays.push(started);
  return started;
}

let written = 0;

interface Row {
  readonly id: string;
  readonly key: string;
  readonly topic: string;
}

/** Appends rows in one transaction; ids ascend, so that order can be seen in them. */
async function append(count: number, topicOf = (n: number) => (n % 2 === 0 ? 'plain' : 'compacted')): Promise<Row[]> {
  const rows = Array.from({ length: count }, (_, n) => {
    written += 1;
    return { id: `e${String(written).padStart(6, '0')}`, key: `ns|u${written % 37}`, topic: topicOf(n) };
  });
  await database.transaction((tx) => appendOutbox(tx, rows.map(outboxRow)));
  return rows;
}

const outboxRow = ({ id, key, topic }: Row) => ({
  topic,
  key: Buffer.from(key),
  eventId: id,
  payload: Buffer.from(id),
  occurredAt: 1_700_000_000_000,
});

const idsOf = (rows: readonly Row[]) => rows.map(({ id }) => id);

/** How often each of the rows is in the topics; waits until all are. */
async function published(rows: readonly Row[], withinMs = 15_000): Promise<Map<string, number>> {
  const wanted = new Set(idsOf(rows));
  return eventually(
    () => {
      const times = new Map<string, number>();
      for (const { value } of log.entries) {
        if (value !== null && wanted.has(value)) times.set(value, (times.get(value) ?? 0) + 1);
      }
      expect(times.size).toBe(wanted.size);
      return times;
    },
    { withinMs },
  );
}

const isSettled = () =>
  eventually(async () => expect(await outboxDepth(database)).toMatchObject({ records: 0, exact: true }));

async function owners(): Promise<Map<string, number>> {
  const rows = await database.query<{ owner: string | null }>({ text: 'SELECT owner FROM relay_lease' });
  const count = new Map<string, number>();
  for (const { owner } of rows) count.set(owner ?? 'nobody', (count.get(owner ?? 'nobody') ?? 0) + 1);
  return count;
}

describe('a relay', () => {
  it('publishes every committed row once, in the order of its key, on the partition of its key', async () => {
    await relay();
    const rows = [...(await append(500)), ...(await append(1)), ...(await append(2_500))];
    const times = await published(rows);
    expect([...times.values()].every((n) => n === 1)).toBe(true);
    const last = new Map<string, string>();
    for (const { topic, partition, key, value } of log.entries) {
      expect(partition).toBe(partitionOf(Buffer.from(key), 8));
      const lane = `${topic}/${key}`;
      expect(String(value) > (last.get(lane) ?? '')).toBe(true);
      last.set(lane, String(value));
    }
    await isSettled();
  });

  it('publishes nothing of a transaction that was rolled back', async () => {
    await relay();
    const gone: Row = { id: 'rolled-back', key: 'ns|u1', topic: 'plain' };
    const rollback = database.transaction(async (tx) => {
      await appendOutbox(tx, [outboxRow(gone)]);
      throw new Error('rolled back');
    });
    await expect(rollback).rejects.toThrow('rolled back');
    await published(await append(40));
    expect(log.entries.filter(({ value }) => value === gone.id)).toEqual([]);
  });

  it('publishes a row without a payload as a tombstone', async () => {
    await relay();
    const row = outboxRow({ id: 'tombstone', key: 'ns|gone', topic: 'compacted' });
    await database.transaction((tx) => appendOutbox(tx, [{ ...row, payload: null }]));
    await eventually(() => expect(log.entries.find(({ key }) => key === 'ns|gone')?.value).toBeNull());
  });

  it('parks what the broker refuses, with the reason, and publishes all others', async () => {
    await relay();
    const big = { ...outboxRow({ id: 'too-large', key: 'ns|u1', topic: 'plain' }), payload: Buffer.alloc(2_000_000) };
    const lost = outboxRow({ id: 'no-topic', key: 'ns|u2', topic: 'nowhere' });
    await database.transaction((tx) => appendOutbox(tx, [big, lost]));
    const others = await append(200);
    expect([...(await published(others)).values()].every((n) => n >= 1)).toBe(true);
    const parked = await eventually(async () => {
      const rows = await database.query({ text: 'SELECT event_id, topic, reason FROM outbox_parked ORDER BY seq' });
      expect(rows).toHaveLength(2);
      return rows;
    });
    expect(parked).toEqual([
      { event_id: 'too-large', topic: 'plain', reason: 'record_too_large' },
      { event_id: 'no-topic', topic: 'nowhere', reason: 'topic_unknown' },
    ]);
    await isSettled();
  });

  it('goes on when its connections are cut, from what is stored', async () => {
    const { failures } = await relay();
    await published(await append(10));
    await database.query({
      text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name LIKE 'freshet relay%'`,
    });
    await published(await append(300));
    await isSettled();
    expect(failures).toEqual([]);
  });

  it('waits for a broker that is away, and parks nothing', async () => {
    const sent: string[] = [];
    let away = true;
    const producer = {
      async send(batch: readonly { records: readonly { value: Buffer | null }[] }[]) {
        if (away) throw new TransientError('kafka_unavailable', 'away');
        for (const { records } of batch) sent.push(...records.map(({ value }) => String(value)));
      },
      close: async () => undefined,
    };
    const { metrics } = await relay({ producer, isFenced: () => false });
    const rows = await append(100);
    await eventually(async () => expect(await outboxDepth(database)).toMatchObject({ records: 100 }));
    away = false;
    await eventually(() => expect([...sent].sort()).toEqual(idsOf(rows).sort()));
    await isSettled();
    expect(await database.query({ text: 'SELECT FROM outbox_parked' })).toEqual([]);
    expect((await metrics.relayPublished.get()).values.reduce((sum, { value }) => sum + value, 0)).toBe(100);
  });
});

describe('several relays', () => {
  it('share the shards fairly, and take over at once from one that stops', async () => {
    const first = await relay();
    await eventually(async () => expect((await owners()).get(first.name)).toBe(16));
    const second = await relay();
    await eventually(async () => expect([...(await owners()).values()]).toEqual([8, 8]));
    await published(await append(200));
    relays.splice(relays.indexOf(first), 1);
    await first.stop();
    await eventually(async () => expect((await owners()).get(second.name)).toBe(16));
    const rows = await append(200);
    expect([...(await published(rows)).values()].every((n) => n === 1)).toBe(true);
  });

  it('lose nothing when one is killed under load, and publish twice at most what it had in flight', async () => {
    const file = fileURLToPath(new URL('./relay-process.ts', import.meta.url));
    const child = spawn(process.execPath, [file], { env: { ...workspace.env }, stdio: 'inherit' });
    children.push(child);
    await eventually(async () => expect([...(await owners()).values()]).toEqual([16]), { withinMs: 20_000 });
    const rows: Row[] = [];
    await published(await append(100));
    for (let n = 0; n < 20; n += 1) rows.push(...(await append(400)));
    child.kill('SIGKILL');
    for (let n = 0; n < 5; n += 1) rows.push(...(await append(400)));
    await relay();
    const times = await published(rows, 20_000);
    const doubled = [...times.values()].filter((n) => n > 1).length;
    expect(doubled).toBeLessThanOrEqual(16 * 2 * 50); // two full pages a shard
    await isSettled();
  });
});
