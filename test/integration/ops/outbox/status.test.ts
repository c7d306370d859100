import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { nextToDrop, outboxStatus } from '../../../../ops/outbox/status.ts';
import { statusLines } from '../../../../ops/outbox/status-lines.ts';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import { type Connection, openConnection } from '../../../../pipeline/stores/postgres/connection.ts';
import { closePartitions } from '../../../../pipeline/stores/postgres/partition-states.ts';
import { ensurePartitions } from '../../../../pipeline/stores/postgres/relay-partitions.ts';
import { eventually } from '../../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../../support/workspace.ts';
import { startTestRelay } from '../../relay/harness.ts';
import { openOutbox, outboxCommand } from './rig.ts';

let workspace: Workspace;
let outbox: ReturnType<typeof openOutbox>;
const closing: (() => Promise<unknown>)[] = [];
const hour = 3_600_000;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'outbox-status' });
  outbox = openOutbox(workspace);
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(async () => {
  await outbox.database.close();
  await workspace.close();
});

const status = () =>
  outboxStatus({ url: workspace.config.FRESHET_POSTGRES_URL, database: outbox.database, retentionMs: hour });
const text = async () => statusLines(await status(), hour, Date.now()).join('\n');

async function begin(name: string): Promise<Connection> {
  const url = workspace.config.FRESHET_POSTGRES_URL;
  const connection = await openConnection({ url, name, onBroken: () => undefined });
  closing.push(() => connection.close());
  await connection.query({ text: 'BEGIN' });
  return connection;
}

it('shows an outbox that nobody publishes: depth, shards without owner, the partition in use', async () => {
  await outbox.append(...Array.from({ length: 40 }, (_, n) => ({ id: `s${n}`, topic: 't' })));
  const found = await status();
  expect(found).toMatchObject({ standby: false, moved: false, relays: [], sequence: 40n, depth: { records: 40 } });
  expect(found.shards).toHaveLength(16);
  expect(found.shards.reduce((sum, { waiting }) => sum + waiting, 0)).toBe(40);
  expect(found.wakeUp.mode).toBe('notify');
  expect(await text()).toContain('16 of 16 shards unowned');
  expect(nextToDrop(found, hour)).toEqual({ name: 'outbox_p0', because: 'in use: 19999959 rows are left in it' });
  expect(await text()).toContain('FEWER THAN 2 AHEAD');
});

it('shows who owns what, how long the lease lasts and the batch that is open', async () => {
  const producer = {
    async send() {
      throw new TransientError('kafka_unavailable', 'away');
    },
    close: async () => undefined,
  };
  const relay = await startTestRelay({ config: workspace.config, producer });
  closing.push(() => relay.stop());
  await eventually(async () => {
    const { shards, relays } = await status();
    expect(relays).toEqual([relay.name]);
    expect(shards.every(({ owner, leaseLeftMs }) => owner === relay.name && (leaseLeftMs ?? 0) > 0)).toBe(true);
  });
  expect(await text()).toContain('0 of 16 shards unowned');
});

it('names the transaction, the prepared one and the shards that hold a partition back', async () => {
  const writer = await begin('slow batch job');
  await writer.query({ text: 'SELECT pg_current_xact_id()' });
  const gid = `prepared-${workspace.config.FRESHET_KAFKA_TOPIC_PREFIX}`;
  const preparing = await begin('two phase');
  await preparing.query({ text: 'SELECT pg_current_xact_id()' });
  await preparing.query({ text: `PREPARE TRANSACTION '${gid}'` });
  closing.push(() => outbox.sql(`ROLLBACK PREPARED '${gid}'`));
  await outbox.sql(`ALTER TABLE outbox ALTER seq RESTART WITH 19999999`);
  await ensurePartitions(outbox.database);
  await outbox.append({ id: 'last', topic: 't' }, { id: 'next', topic: 't' });
  await closePartitions(outbox.database);
  expect(nextToDrop(await status(), hour)?.because).toMatch(/^kept until 20/);
  const found = await outboxStatus({
    url: workspace.config.FRESHET_POSTGRES_URL,
    database: outbox.database,
    retentionMs: 0,
  });
  expect(nextToDrop(found, 0)?.because).toMatch(
    /^shards 0, 1, .*15 have not stored a cursor past transaction \d+; the oldest open transaction is prepared /,
  );
  expect(found.holders).toContainEqual(
    expect.objectContaining({
      kind: 'transaction',
      name: 'slow batch job',
      holds: 'partitions',
      state: 'idle in transaction',
    }),
  );
  expect(found.holders).toContainEqual(expect.objectContaining({ kind: 'prepared', id: gid, holds: 'partitions' }));
});

it('counts what is parked by reason and topic', async () => {
  await outbox.sql(`INSERT INTO outbox_parked (seq, shard, topic, key, event_id, reason, message)
    VALUES (1, 0, 't', 'k', 'e', 'record_too_large', 'm'), (2, 0, 't', 'k', 'f', 'record_too_large', 'm')`);
  expect(await text()).toContain('2 record_too_large of t, the oldest');
});

it('is one document as JSON, for any outbox by its URL', async () => {
  const url = workspace.config.FRESHET_POSTGRES_URL;
  const { code, stdout } = await outboxCommand(
    { ...workspace, env: { FRESHET_POSTGRES_URL: 'postgres://nowhere.invalid/x' } },
    'status',
    '--outbox',
    url,
    '--json',
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    command: 'outbox status',
    config: { outbox: new URL(url).host + new URL(url).pathname },
    summary: { nextToDrop: { name: 'outbox_p0' }, wakeUp: { mode: 'notify' } },
  });
  expect(await outboxCommand(workspace, 'status', '--outbox', 'mysql://x')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('--outbox'),
  });
});

it('says what is wrong where an outbox came from another cluster, and restamp what it would do', async () => {
  await outbox.sql('UPDATE outbox_identity SET system_identifier = 1');
  expect(await text()).toContain('MOVED from another cluster');
  const dry = await outboxCommand(workspace, 'restamp');
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing was changed') });
  expect(dry.stdout).toContain('only the cluster is to be recorded');
  expect((await status()).moved).toBe(true);
  expect((await outboxCommand(workspace, 'restamp', '--yes')).stderr).toContain('--because');
  const done = await outboxCommand(workspace, 'restamp', '--yes', '--because', 'upgraded');
  expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('done; relays may start') });
  expect((await status()).moved).toBe(false);
});
