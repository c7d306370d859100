import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createKafka, type KafkaNames, kafkaNames } from '../../../pipeline/broker/kafka/client.ts';
import { createProduceGuard } from '../../../pipeline/broker/kafka/produce-guard.ts';
import { createKafkaProducer } from '../../../pipeline/broker/kafka/producer.ts';
import { openTransactionalProducer } from '../../../pipeline/broker/kafka/transactional-producer.ts';
import type { Producer, TopicRecords } from '../../../pipeline/broker/producer.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { TransientError } from '../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { createPlainTopics, followTopics, type TopicLog } from '../relay/topic-log.ts';

const log = createLogger('silent');
let workspace: Workspace;
let names: KafkaNames;
let topicLog: TopicLog;
const producers: Producer[] = [];

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'producers', migrated: false });
  names = kafkaNames(workspace.config.FRESHET_KAFKA_TOPIC_PREFIX);
  await createPlainTopics(workspace.config, ['t']);
  topicLog = await followTopics(workspace.config, ['t']);
});

afterEach(async () => {
  await Promise.all(producers.splice(0).map((producer) => producer.close()));
});

afterAll(async () => {
  await topicLog.close();
  await workspace.close();
});

const kafka = (socketFactory?: ReturnType<typeof createProduceGuard>['socketFactory']) =>
  createKafka({
    brokers: workspace.config.FRESHET_KAFKA_BROKERS,
    clientId: 'producers',
    log,
    ...(socketFactory && { socketFactory }),
  });

async function transactional(id: string): Promise<Producer> {
  const transactionalId = `${workspace.config.FRESHET_KAFKA_TOPIC_PREFIX}${id}`;
  const producer = await openTransactionalProducer({ kafka: kafka(), names, transactionalId, clock: systemClock });
  producers.push(producer);
  return producer;
}

function plain(socketFactory?: ReturnType<typeof createProduceGuard>['socketFactory']): Producer {
  const producer = createKafkaProducer({ kafka: kafka(socketFactory), names, clock: systemClock });
  producers.push(producer);
  return producer;
}

const batch = (...values: string[]): TopicRecords[] => [
  { topic: 't', records: values.map((value) => ({ key: Buffer.from('k'), value: Buffer.from(value) })) },
];
const valuesRead = () => topicLog.entries.map(({ value }) => value);

describe('a transactional producer', () => {
  it('commits each send, many in a row', async () => {
    const producer = await transactional('a');
    const values = Array.from({ length: 30 }, (_, n) => `a${n}`);
    for (const value of values) await producer.send(batch(value));
    await eventually(() => expect(valuesRead().filter((value) => value?.startsWith('a'))).toEqual(values));
  });

  it('is cut off for good when another is opened with its id', async () => {
    const old = await transactional('b');
    await old.send(batch('b-old'));
    const successor = await transactional('b');
    await expect(old.send(batch('b-late'))).rejects.toBeInstanceOf(TransientError);
    await successor.send(batch('b-new'));
    await expect(old.send(batch('b-later'))).rejects.toBeInstanceOf(TransientError);
    await eventually(() => expect(valuesRead()).toContain('b-new'));
    expect(valuesRead().filter((value) => value?.startsWith('b'))).toEqual(['b-old', 'b-new']);
  });
});

describe('a guarded client', () => {
  it('writes no request after the deadline, and goes on when the deadline is moved', async () => {
    const guard = createProduceGuard(systemClock);
    const producer = plain(guard.socketFactory);
    await expect(producer.send(batch('c-never'))).rejects.toBeInstanceOf(TransientError);
    guard.allowUntil(systemClock.monotonic() + 60_000);
    await eventually(() => producer.send(batch('c-held')));
    guard.allowUntil(systemClock.monotonic() - 1);
    await expect(producer.send(batch('c-late'))).rejects.toBeInstanceOf(TransientError);
    guard.allowUntil(systemClock.monotonic() + 60_000);
    await eventually(() => producer.send(batch('c-end')));
    await eventually(() => expect(valuesRead()).toContain('c-end'));
    expect(valuesRead().filter((value) => value?.startsWith('c'))).toEqual(['c-held', 'c-end']);
  });
});

describe('a plain producer', () => {
  it('names an unknown topic and a record that is too large, and still sends to others', async () => {
    const producer = plain();
    await producer.send(batch('d0'));
    const unknown = [{ topic: 'nowhere', records: batch('x')[0]?.records ?? [] }];
    await expect(producer.send(unknown)).rejects.toMatchObject({ code: 'topic_unknown' });
    await producer.send(batch('d1'));
    await expect(producer.send(batch('x'.repeat(2_000_000)))).rejects.toMatchObject({ code: 'record_too_large' });
    await producer.send(batch('d2'));
    await eventually(() => expect(valuesRead().filter((value) => value?.startsWith('d'))).toEqual(['d0', 'd1', 'd2']));
  });

  it('takes the blame for a clock that is a day ahead: waiting helps, no record is at fault', async () => {
    const ahead = { ...systemClock, now: () => systemClock.now() + 86_400_000 };
    const producer = createKafkaProducer({ kafka: kafka(), names, clock: ahead });
    producers.push(producer);
    await expect(producer.send(batch('from tomorrow'))).rejects.toBeInstanceOf(TransientError);
  });

  it('takes a batch that is larger than a request may be, in order', async () => {
    const values = Array.from({ length: 2_500 }, (_, n) => `e${String(n).padStart(4, '0')}${'x'.repeat(600)}`);
    await plain().send(batch(...values));
    await eventually(() => expect(valuesRead().filter((value) => value?.startsWith('e'))).toEqual(values));
  });
});
