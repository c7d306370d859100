import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyTopics } from '../../../ops/topics/apply.ts';
import { diagnoseTopics } from '../../../ops/topics/doctor.ts';
import { topicSpec } from '../../../ops/topics/topic-config.ts';
import type { BrokerAdmin } from '../../../pipeline/broker/admin.ts';
import { createKafkaAdmin } from '../../../pipeline/broker/kafka/admin.ts';
import { createKafka, type KafkaNames, kafkaNames } from '../../../pipeline/broker/kafka/client.ts';
import { TransientError } from '../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import type { TopicDef } from '../../../schemas/topic.ts';
import { topics } from '../../../schemas/topics.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

const log = createLogger('error');
const catalogue: readonly TopicDef[] = [topics.itemChanged, topics.sessionUpdated, topics.configChanged] as TopicDef[];
const { name } = topics.itemChanged;

let workspace: Workspace;
let names: KafkaNames;
let admin: BrokerAdmin;

const open = (brokers: string) => {
  const kafka = createKafka({ brokers, clientId: 'freshet-test', log });
  return { kafka, admin: createKafkaAdmin({ kafka, names }) };
};

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'admin', migrated: false });
  names = kafkaNames(workspace.config.FRESHET_KAFKA_TOPIC_PREFIX);
  ({ admin } = open(workspace.config.FRESHET_KAFKA_BROKERS));
  await applyTopics({ admin, log, topics: catalogue });
});
afterAll(async () => {
  await admin?.close();
  await workspace?.close();
});

describe('the Kafka admin', () => {
  test('describes what was created, under the catalogue names, and leaves out what is not there', async () => {
    const states = await admin.describe([name, 'no.such.topic.v1']);
    expect(states).toEqual([
      { name, partitions: 8, config: expect.objectContaining(topicSpec(topics.itemChanged).config) },
    ]);
  });

  test('creating again changes nothing', async () => {
    await admin.create([{ ...topicSpec(topics.itemChanged), partitions: 1 }]);
    expect(await admin.describe([name])).toMatchObject([{ partitions: 8 }]);
  });

  test('new topics can be used at once, however busy the cluster is with others', async () => {
    const makers = Array.from({ length: 6 }, async (_, maker) => {
      const { admin: own } = open(workspace.config.FRESHET_KAFKA_BROKERS);
      const specs = [0, 1, 2, 3].map((n) => ({ name: `busy-${maker}-${n}`, partitions: 8, config: {} }));
      try {
        await own.create(specs);
        return await Promise.all(specs.map((spec) => own.offsets(spec.name)));
      } finally {
        await own.close();
      }
    });
    expect((await Promise.all(makers)).flat(2)).toHaveLength(6 * 4 * 8);
  });

  test('knows first and next offset of each partition, in order', async () => {
    const { kafka } = open(workspace.config.FRESHET_KAFKA_BROKERS);
    const producer = kafka.producer();
    await producer.connect();
    const messages = ['a', 'b', 'c'].map((key) => ({ key, value: key, partition: 3 }));
    await producer.send({ topic: names.topic(name), messages });
    await producer.disconnect();
    const offsets = await admin.offsets(name);
    expect(offsets.map(({ partition }) => partition)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(offsets[3]).toEqual({ topic: name, partition: 3, low: 0n, high: 3n });
    expect(offsets[4]).toMatchObject({ low: 0n, high: 0n });
  });

  test('finds the first record at or after an instant, and the end where there is none', async () => {
    const { kafka } = open(workspace.config.FRESHET_KAFKA_BROKERS);
    const producer = kafka.producer();
    await producer.connect();
    const at = Date.now() + 1_000_000;
    const messages = [1, 2, 3].map((n) => ({ key: 'k', value: 'v', partition: 5, timestamp: String(at + n * 1_000) }));
    await producer.send({ topic: names.topic(name), messages });
    await producer.disconnect();
    const offsetsAt = async (ms: number) =>
      new Map((await admin.offsetsAt(name, ms)).map(({ partition, offset }) => [partition, offset]));
    expect((await offsetsAt(at + 2_000)).get(5)).toBe(1n);
    expect((await offsetsAt(at + 9_000)).get(5)).toBe(3n);
    expect((await offsetsAt(0)).get(5)).toBe(0n);
    expect((await offsetsAt(0)).get(4)).toBe(0n);
  });

  test('configuring keeps what others have set on the topic', async () => {
    await admin.configure({ name, partitions: 8, config: { 'index.interval.bytes': '5000' } });
    await admin.configure({ name, partitions: 8, config: { 'segment.ms': '1000' } });
    const [state] = await admin.describe([name]);
    expect(state?.config).toMatchObject({
      'index.interval.bytes': '5000',
      'segment.ms': '1000',
      'cleanup.policy': 'compact',
    });
  });

  test('deleting a group that is not there is no error', async () => {
    await admin.deleteGroup('nobody');
  });

  test('a topic that does not exist is topic_unknown', async () => {
    await expect(admin.offsets('no.such.topic.v1')).rejects.toMatchObject({ code: 'topic_unknown' });
  });

  test('a cluster that is away is transient', async () => {
    const away = open('127.0.0.1:1').admin;
    await expect(away.describe([name])).rejects.toBeInstanceOf(TransientError);
    await away.close();
  });
});

describe('topics apply and doctor', () => {
  test('drift is found, repaired, and then there is nothing to do', async () => {
    await admin.configure({ name, partitions: 8, config: { 'retention.ms': '12345' } });
    const { findings } = await diagnoseTopics({ admin, topics: catalogue });
    expect(findings).toContainEqual(
      expect.objectContaining({ topic: name, problem: 'retention.ms is 12345, the catalogue says -1' }),
    );
    await applyTopics({ admin, log, topics: catalogue });
    expect(await applyTopics({ admin, log, topics: catalogue })).toEqual([]);
    expect((await diagnoseTopics({ admin, topics: catalogue })).findings).toEqual([]);
  });

  test('another partition count is refused and nothing is changed', async () => {
    const wider = [{ ...topics.itemChanged, partitions: 16 }, { ...topics.userChanged }] as TopicDef[];
    await expect(applyTopics({ admin, log, topics: wider })).rejects.toMatchObject({ code: 'topics_refused' });
    expect(await admin.describe([topics.userChanged.name])).toEqual([]);
  });
});
