import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { migrateUp } from '../../../../ops/migrate/migrate.ts';
import { restamp } from '../../../../ops/outbox/restamp.ts';
import { planRestamp } from '../../../../ops/outbox/restamp-plan.ts';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../../pipeline/kernel/logger.ts';
import { type Connection, openConnection } from '../../../../pipeline/stores/postgres/connection.ts';
import { type Database, openDatabase } from '../../../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../../../pipeline/stores/postgres/outbox-append.ts';
import { outboxDepth } from '../../../../pipeline/stores/postgres/outbox-depth.ts';
import { retirePartitions } from '../../../../pipeline/stores/postgres/partition-retirement.ts';
import { eventually } from '../../../support/eventually.ts';
import { createOwnPostgres, type OwnPostgres } from '../../../support/own-postgres.ts';
import { createWorkspace, type Workspace } from '../../../support/workspace.ts';
import { startTestRelay, type TestRelay } from '../../relay/harness.ts';
import { passAll } from '../../relay/pass-all.ts';
import { copyOutbox } from './copy-outbox.ts';

let own: OwnPostgres;
const closing: (() => Promise<void>)[] = [];
const ignore = () => undefined;
const actor = { operator: 'test', reason: 'restored' };

beforeAll(async () => {
  own = await createOwnPostgres();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => own.close());

interface Outbox {
  readonly workspace: Workspace;
  readonly url: string;
  readonly database: Database;
  /** Values in the order in which the broker took them. */
  readonly published: string[];
  startRelay(options?: { refuseAfter?: number }): Promise<TestRelay>;
}

async function outboxAt(workspace: Workspace, url: string): Promise<Outbox> {
  const database = openDatabase({ url, onIdleError: ignore });
  closing.push(() => database.close());
  const published: string[] = [];
  return {
    workspace,
    url,
    database,
    published,
    async startRelay({ refuseAfter = Number.POSITIVE_INFINITY } = {}) {
      const producer = {
        async send(batch: readonly { records: readonly { value: Buffer | null }[] }[]) {
          if (published.length >= refuseAfter) throw new TransientError('kafka_unavailable', 'away');
          for (const { records } of batch) published.push(...records.map(({ value }) => String(value)));
        },
        close: async () => undefined,
      };
      const config = { ...workspace.config, FRESHET_POSTGRES_URL: url };
      return startTestRelay({ config, producer, pageRecords: 7 });
    },
  };
}

async function newSource(): Promise<Outbox> {
  const workspace = await createWorkspace({ name: 'restamp' });
  closing.push(() => workspace.close());
  return outboxAt(workspace, workspace.config.FRESHET_POSTGRES_URL);
}

/** Empty databases of the other cluster; the tables come from the migrations, as from a dump's first part. */
async function newTarget(workspace: Workspace): Promise<Outbox> {
  const name = `restored_${closing.length}_${Date.now()}`;
  const admin = openDatabase({ url: own.url, onIdleError: ignore });
  await admin.query({ text: `CREATE DATABASE ${name}` });
  await admin.close();
  const url = own.url.replace(/postgres$/, name);
  await migrateUp({ url, log: createLogger('silent') });
  return outboxAt(workspace, url);
}

let written = 0;
async function append(tx: Pick<Connection, 'query'>, count = 1): Promise<string[]> {
  const ids = Array.from({ length: count }, () => {
    written += 1;
    return `e${String(written).padStart(6, '0')}`;
  });
  const rows = ids.map((id, n) => {
    return { topic: 't', key: Buffer.from(`k${n % 23}`), eventId: id, payload: Buffer.from(id), occurredAt: 1 };
  });
  await appendOutbox(tx, rows);
  return ids;
}
const commit = (database: Database, count = 1) => database.transaction((tx) => append(tx, count));

async function beginAt(url: string): Promise<Connection> {
  const connection = await openConnection({ url, name: 'writer', onBroken: ignore });
  closing.push(() => connection.close());
  await connection.query({ text: 'BEGIN' });
  return connection;
}

const settled = (outbox: Outbox, records = 0) =>
  eventually(async () => expect((await outboxDepth(outbox.database)).records).toBe(records));

/** Everything that makes a cursor interesting: published rows, a batch half acknowledged, late and lost transactions. */
async function busySource(): Promise<{ source: Outbox; committed: string[]; first: string[] }> {
  const source = await newSource();
  const { database, url } = source;
  const early = await beginAt(url);
  const lateIds = await append(early, 3);
  const never = await beginAt(url);
  await append(never, 3);
  const before = await commit(database, 200);
  const relay = await source.startRelay();
  await settled(source);
  await relay.stop();
  await early.query({ text: 'COMMIT' });
  const after: string[] = [];
  for (let n = 0; n < 40; n += 1) after.push(...(await commit(database, 15)));
  const second = await source.startRelay({ refuseAfter: source.published.length + 150 });
  await eventually(() => expect(source.published.length).toBeGreaterThanOrEqual(350));
  await second.stop();
  await eventually(async () => {
    const open = await database.query({ text: 'SELECT FROM outbox_cursor WHERE target IS NOT NULL' });
    expect(open.length).toBeGreaterThan(0); // a batch was left in the middle
  });
  return { source, committed: [...lateIds, ...before, ...after], first: [...source.published] };
}

/** Uses up transaction ids until the cluster is past those that came with the restore. */
async function passIdsOf({ database }: Outbox, { database: target }: Outbox): Promise<void> {
  const [row] = await database.query<{ xid: string }>({
    text: 'SELECT pg_snapshot_xmax(pg_current_snapshot()) AS xid',
  });
  await target.query({
    text: `DO $$ BEGIN
      WHILE pg_snapshot_xmax(pg_current_snapshot()) <= '${row?.xid}'::xid8 LOOP
        PERFORM pg_current_xact_id(); COMMIT;
      END LOOP; END $$`,
  });
}

const sorted = (ids: readonly string[]) => [...ids].sort();
const orderOfKeys = (ids: readonly string[]) => {
  const last = new Map<number, string>();
  return ids.filter((id) => {
    const key = Number(id.slice(1));
    const before = last.get(key) ?? '';
    last.set(key, id);
    return before > id;
  });
};

describe('an outbox that was restored into a cluster of smaller transaction ids', () => {
  it.each([
    ['before the cluster has reached the restored ids', false],
    ['after the cluster has passed them', true],
  ])('is refused, and restamped loses nothing and doubles nothing: %s', async (_, passed) => {
    const { source, committed, first } = await busySource();
    const target = await newTarget(source.workspace);
    await copyOutbox(source.database, target.database);
    const here = await commit(target.database, 30);
    if (passed) await passIdsOf(source, target);

    const refused = await target.startRelay();
    await eventually(() =>
      expect(refused.failures).toContainEqual(expect.objectContaining({ code: 'outbox_restored' })),
    );
    await refused.stop();
    expect(target.published).toEqual([]);
    await expect(retirePartitions(target.database, { url: target.url, retentionMs: 0 })).rejects.toMatchObject({
      code: 'outbox_restored',
    });

    // Writers do not stop for it: one is open all the while, one writes inside a savepoint.
    const open = await beginAt(target.url);
    const openIds = await append(open, 4);
    const nested = await beginAt(target.url);
    await nested.query({ text: 'SELECT pg_current_xact_id()' });
    await nested.query({ text: 'SAVEPOINT inner_part' });
    const nestedIds = await append(nested, 4);
    await nested.query({ text: 'COMMIT' });

    const before = await target.database.query({ text: 'SELECT * FROM outbox_cursor ORDER BY shard' });
    const plan = await planRestamp(target.database);
    expect(await target.database.query({ text: 'SELECT * FROM outbox_cursor ORDER BY shard' })).toEqual(before);
    const unpublished = committed.length - first.length;
    expect(plan).toMatchObject({ action: 'rewrite', problems: [], writtenHere: 34n, uncertain: 4n });
    expect(plan.shards.reduce((sum, shard) => sum + shard.unpublished, 0n)).toBe(BigInt(unpublished));
    await restamp(target.database, actor);
    expect((await planRestamp(target.database)).action).toBe('none');

    await target.startRelay().then((relay) => closing.push(() => relay.stop()));
    await eventually(() => expect(target.published.length).toBeGreaterThanOrEqual(unpublished + 34));
    await open.query({ text: 'COMMIT' });
    const later = await commit(target.database, 50);
    const wanted = [...committed, ...here, ...nestedIds, ...openIds, ...later];
    await eventually(() => expect(first.length + target.published.length).toBeGreaterThanOrEqual(wanted.length));
    await settled(target);
    expect(sorted([...first, ...target.published])).toEqual(sorted(wanted));
    expect(orderOfKeys(target.published)).toEqual([]);
    const [audit] = await target.database.query({ text: 'SELECT operator, verb, reason FROM operator_audit' });
    expect(audit).toEqual({ operator: 'test', verb: 'outbox restamp', reason: 'restored' });
  });

  it('drops partitions again, and only once what they hold is published', async () => {
    const { source, committed, first } = await busySource();
    const target = await newTarget(source.workspace);
    await copyOutbox(source.database, target.database);
    await target.database.query({ text: `ALTER TABLE outbox ALTER seq RESTART WITH 20000001` });
    await target.database.query({
      text: `CREATE TABLE outbox_p20000000 PARTITION OF outbox FOR VALUES FROM (20000000) TO (40000000)`,
    });
    await restamp(target.database, actor);
    await commit(target.database, 5);
    const retire = () => retirePartitions(target.database, { url: target.url, retentionMs: 0 });
    expect((await retire()).dropped).toEqual([]);
    const relay = await target.startRelay();
    await eventually(() => expect(target.published.length).toBe(committed.length - first.length + 5));
    await settled(target);
    await relay.stop();
    await passAll(target.database);
    expect((await retire()).dropped).toEqual(['outbox_p0']);
  });

  it('refuses while a relay holds a lease, and where the sequence did not come along', async () => {
    const { source } = await busySource();
    const target = await newTarget(source.workspace);
    await copyOutbox(source.database, target.database);
    await target.database.query({
      text: `UPDATE relay_lease SET owner = 'alive', expires_at = now() + interval '1 hour' WHERE shard = 3`,
    });
    await expect(restamp(target.database, actor)).rejects.toMatchObject({
      code: 'restamp_refused',
      message: expect.stringContaining('alive'),
    });
    await target.database.query({ text: `UPDATE relay_lease SET expires_at = '-infinity'` });
    await target.database.query({ text: 'ALTER TABLE outbox ALTER seq RESTART WITH 5' });
    await expect(restamp(target.database, actor)).rejects.toMatchObject({ message: expect.stringContaining('setval') });
  });
});

describe('an outbox whose ids stayed valid', () => {
  it('goes on where it was after a restore into a cluster of larger ids', async () => {
    const workspace = await createWorkspace({ name: 'restamp-up', migrated: false });
    closing.push(() => workspace.close());
    const small = await newTarget(workspace); // written first in the cluster of smaller ids
    const committed = await commit(small.database, 300);
    const relay = await small.startRelay({ refuseAfter: 100 });
    await eventually(() => expect(small.published.length).toBeGreaterThanOrEqual(100));
    await relay.stop();
    const large = await newSource();
    await passIdsOf(small, large);
    await copyOutbox(small.database, large.database);
    const here = await commit(large.database, 20);
    expect(await planRestamp(large.database)).toMatchObject({ action: 'adopt', problems: [] });
    await restamp(large.database, actor);
    await large.startRelay().then((started) => closing.push(() => started.stop()));
    await settled(large);
    expect(sorted([...small.published, ...large.published])).toEqual(sorted([...committed, ...here]));
  });

  it('is adopted as it is after an upgrade in place: published rows stay published', async () => {
    const { source, committed, first } = await busySource();
    await source.database.query({ text: 'UPDATE outbox_identity SET system_identifier = 1' });
    expect(await planRestamp(source.database)).toMatchObject({ action: 'adopt', shards: [] });
    await restamp(source.database, actor);
    await source.startRelay().then((started) => closing.push(() => started.stop()));
    await settled(source);
    expect(first.length).toBeLessThan(committed.length);
    expect(sorted(source.published)).toEqual(sorted(committed));
  });

  it('is left alone where nothing moved', async () => {
    const source = await newSource();
    await commit(source.database, 10);
    expect(await restamp(source.database, actor)).toMatchObject({ action: 'none' });
    expect(await source.database.query({ text: 'SELECT FROM operator_audit' })).toEqual([]);
  });
});
