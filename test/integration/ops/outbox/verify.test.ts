import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { discardParked, redriveParked } from '../../../../ops/outbox/parked.ts';
import { type TopicVerdict, verifyOutbox } from '../../../../ops/outbox/verify.ts';
import type { TopicReaderPorts } from '../../../../ops/topics/read-topic.ts';
import { createKafkaAdmin } from '../../../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../../../pipeline/broker/kafka/client.ts';
import { createKafkaConsumers } from '../../../../pipeline/broker/kafka/consumer.ts';
import { createKafkaProducer } from '../../../../pipeline/broker/kafka/producer.ts';
import type { Producer } from '../../../../pipeline/broker/producer.ts';
import { systemClock } from '../../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../../pipeline/kernel/logger.ts';
import { outboxDepth } from '../../../../pipeline/stores/postgres/outbox-depth.ts';
import { eventually } from '../../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../../support/workspace.ts';
import { startTestRelay } from '../../relay/harness.ts';
import { passAll } from '../../relay/pass-all.ts';
import { openOutbox, outboxCommand } from './rig.ts';

let workspace: Workspace;
let outbox: ReturnType<typeof openOutbox>;
let ports: TopicReaderPorts & { readonly producer: Producer; close(): Promise<void> };
const actor = { operator: 'test', reason: 'because' };
const topics = ['events', 'state', 'no.such.topic'];

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'outbox-verify' });
  outbox = openOutbox(workspace);
  const log = createLogger('silent');
  const kafka = createKafka({ brokers: workspace.config.FRESHET_KAFKA_BROKERS, clientId: 'verify-test', log });
  const names = kafkaNames(workspace.config.FRESHET_KAFKA_TOPIC_PREFIX);
  const admin = createKafkaAdmin({ kafka, names });
  const producer = createKafkaProducer({ kafka, names, clock: systemClock });
  const consumers = createKafkaConsumers({ kafka, names, clock: systemClock, random: Math.random, log });
  ports = {
    admin,
    producer,
    consumers,
    async close() {
      await Promise.all([admin.close(), producer.close()]);
    },
  };
  const config = { 'cleanup.policy': 'delete' };
  await admin.create([
    { name: 'events', partitions: 2, config },
    { name: 'state', partitions: 2, config: { 'cleanup.policy': 'compact' } },
  ]);
});

afterEach(async () => {
  await outbox.sql('TRUNCATE outbox_parked, operator_audit');
  await outbox.sql('TRUNCATE outbox');
});

afterAll(async () => {
  await ports.close();
  await outbox.database.close();
  await workspace.close();
});

async function publish(): Promise<void> {
  const relay = await startTestRelay({ config: workspace.config });
  await eventually(async () => expect((await outboxDepth(outbox.database)).records).toBe(0), { withinMs: 20_000 });
  await relay.stop();
}

async function verify(since = Date.now() - 3_600_000): Promise<Map<string, TopicVerdict>> {
  const verdict = await verifyOutbox(outbox.database, ports, { since, until: Date.now() + 60_000, topics });
  return new Map(verdict.topics.map((topic) => [topic.topic, topic]));
}

const row = (id: string) => ({ id, topic: 'events' });

describe('verify of an append-only topic', () => {
  it('finds all that was published, and names what is missing, doubled, unknown or not due', async () => {
    await outbox.append(...['a', 'b', 'c'].map(row));
    await publish();
    expect((await verify()).get('events')).toMatchObject({ expected: 3, missing: [], duplicates: 0, unexpected: 0 });

    await outbox.append(row('lost'), row('late'));
    await passAll(outbox.database); // passed, never sent
    await outbox.append(row('not-yet'));
    const again = (id: string) => ({ key: Buffer.from(`k-${id}`), value: Buffer.from(`value of ${id}`) });
    const foreign = { key: Buffer.from('k'), value: Buffer.from('of another writer') };
    await ports.producer.send([{ topic: 'events', records: [again('a'), again('a'), again('late'), foreign] }]);
    expect((await verify()).get('events')).toMatchObject({
      cleanup: 'delete',
      rows: { published: 5, waiting: 1, parked: 0, discarded: 0 },
      expected: 5,
      missing: ['lost'],
      duplicates: 2,
      unexpected: 1,
    });
    await publish();
  });

  it('takes a changed payload for missing: the bytes are compared', async () => {
    await outbox.append(row('changed'));
    await publish();
    await outbox.sql(`UPDATE outbox SET payload = 'other' WHERE event_id = 'changed'`);
    expect((await verify()).get('events')).toMatchObject({ missing: ['changed'], unexpected: expect.any(Number) });
  });

  it('does not miss records that were discarded, waits for none that are parked, and finds those redriven', async () => {
    await outbox.append({ id: 'p1', topic: 'no.such.topic' }, { id: 'p2', topic: 'no.such.topic' }, row('fine'));
    await publish();
    const parked = await outbox.sql<{ seq: bigint }>('SELECT seq FROM outbox_parked ORDER BY seq');
    expect(parked).toHaveLength(2);
    expect((await verify()).get('no.such.topic')).toMatchObject({
      cleanup: 'absent',
      missing: [],
      rows: { parked: 2 },
    });
    await discardParked(outbox.database, actor, { seqs: [parked[0]?.seq ?? 0n] });
    await outbox.sql(`UPDATE outbox_parked SET topic = 'events'`);
    await outbox.sql(`UPDATE outbox SET topic = 'events' WHERE event_id = 'p2'`);
    await redriveParked(outbox.database, actor, { all: true });
    await publish();
    const verdicts = await verify();
    expect(verdicts.get('no.such.topic')).toMatchObject({ missing: [], rows: { discarded: 1, parked: 0 } });
    expect(verdicts.get('events')).toMatchObject({ expected: 2, missing: [], duplicates: 0 });
  });

  it('counts records of older rows neither as unexpected nor as missing', async () => {
    await outbox.append(row('older'));
    await publish();
    await outbox.sql(`UPDATE outbox SET created_at = created_at - interval '2 hours'`);
    const { records, unexpected, expected } = (await verify()).get('events') as TopicVerdict;
    expect(records).toBeGreaterThan(0);
    expect(expected).toBe(0);
    await outbox.sql(`DELETE FROM outbox WHERE event_id = 'older'`);
    expect((await verify()).get('events')?.unexpected).toBe(unexpected + 1); // nothing explains it any more
  });
});

describe('verify of a compacted topic', () => {
  const state = (id: string, key: string, payload?: Buffer | null) => ({
    id,
    topic: 'state',
    key,
    ...(payload === undefined ? {} : { payload }),
  });

  it('compares each key’s newest row with its last record', async () => {
    await outbox.append(state('x1', 'x'), state('x2', 'x'), state('y1', 'y'), state('z1', 'z', null));
    await publish();
    expect((await verify()).get('state')).toMatchObject({ cleanup: 'compact', expected: 3, missing: [] });
    const stale = { key: Buffer.from('x'), value: Buffer.from('value of x1') };
    await ports.producer.send([{ topic: 'state', records: [stale] }]);
    expect((await verify()).get('state')).toMatchObject({ missing: ['x'], unexpected: 0 });
  });
});

describe('freshet outbox verify', () => {
  it('ends with 1 where something is missing and with 0 where nothing is', async () => {
    await outbox.append(row('cli'));
    await publish();
    const good = await outboxCommand(workspace, 'verify', '--topic', 'events');
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('events: 1 events expected, 0 MISSING') });
    await outbox.append(row('gone'));
    await passAll(outbox.database);
    const bad = await outboxCommand(workspace, 'verify', '--since', '30m', '--json');
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ command: 'outbox verify', summary: { missing: 1 } });
    expect(bad.stderr).toContain('missing from events: gone');
  });

  it('says what of the range was dropped', async () => {
    await outbox.append(row('kept'));
    await publish();
    await outbox.sql('ALTER TABLE outbox DETACH PARTITION outbox_p0');
    await outbox.sql('CREATE TABLE outbox_p0b PARTITION OF outbox FOR VALUES FROM (10) TO (20000000)');
    const { stdout } = await outboxCommand(workspace, 'verify', '--since', '2d');
    expect(stdout).toContain('all rows were dropped with their partitions');
    await outbox.sql('DROP TABLE outbox_p0b');
    await outbox.sql('ALTER TABLE outbox ATTACH PARTITION outbox_p0 FOR VALUES FROM (0) TO (20000000)');
  });

  it('refuses a range it cannot read', async () => {
    expect(await outboxCommand(workspace, 'verify', '--since', 'yesterday')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--since: "yesterday" is not an instant with a zone'),
    });
  });
});
