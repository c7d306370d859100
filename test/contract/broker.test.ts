import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';
import type {
  ConsumerFactory,
  ConsumerOptions,
  RawBatch,
  RunningConsumer,
  TopicPartition,
} from '../../pipeline/broker/consumer.ts';
import { createKafkaAdmin } from '../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../pipeline/broker/kafka/client.ts';
import { createKafkaConsumers } from '../../pipeline/broker/kafka/consumer.ts';
import { createKafkaProducer } from '../../pipeline/broker/kafka/producer.ts';
import { createMemoryBroker } from '../../pipeline/broker/memory/broker.ts';
import type { Producer } from '../../pipeline/broker/producer.ts';
import { partitionOf } from '../../pipeline/domain/murmur2.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { eventually } from '../support/eventually.ts';
import { createWorkspace } from '../support/workspace.ts';

interface Broker {
  readonly producer: Producer;
  readonly consumers: ConsumerFactory;
  readonly admin: BrokerAdmin;
  close(): Promise<void>;
}

async function openMemory(): Promise<Broker> {
  return { ...createMemoryBroker({ clock: systemClock, partitionOf, fetchRecords: 10 }), close: async () => undefined };
}

async function openKafka(): Promise<Broker> {
  const workspace = await createWorkspace({ name: 'broker', migrated: false });
  const { FRESHET_KAFKA_BROKERS: brokers, FRESHET_KAFKA_TOPIC_PREFIX: prefix } = workspace.config;
  const log = createLogger('error');
  const kafka = createKafka({ brokers, clientId: 'contract', log });
  const names = kafkaNames(prefix);
  const producer = await createKafkaProducer({ kafka, names, clock: systemClock });
  const admin = createKafkaAdmin({ kafka, names });
  return {
    producer,
    admin,
    consumers: createKafkaConsumers({ kafka, names, clock: systemClock, random: Math.random, log }),
    async close() {
      await producer.close();
      await admin.close();
      await workspace.close();
    },
  };
}

const partitions = 3;
const keyOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;

describe.each([
  ['memory', openMemory],
  ['Kafka', openKafka],
])('a broker (%s)', (_, open) => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await open();
  });
  afterAll(() => broker.close());

  const newTopic = async (config: Record<string, string> = {}) => {
    const name = `topic-${randomBytes(4).toString('hex')}`;
    await broker.admin.create([{ name, partitions, config }]);
    return name;
  };
  const produce = (topic: string, from: number, to: number) =>
    broker.producer.send([
      {
        topic,
        records: Array.from({ length: to - from }, (_, at) => ({
          key: Buffer.from(`key-${from + at}`),
          value: Buffer.from(String(from + at)),
        })),
      },
    ]);
  /** A consumer that notes what it is handed; `given` overrides its answers. */
  const consume = async (topic: string, given: Partial<ConsumerOptions> = {}) => {
    const seen: { readonly partition: number; readonly offset: bigint; readonly value: string | null }[] = [];
    const assignments: (readonly TopicPartition[])[] = [];
    const fatal: unknown[] = [];
    const consumer = await broker.consumers.start({
      groupId: `group-${topic}`,
      topics: [topic],
      autoOffsetReset: 'earliest',
      onAssigned: async (assigned) => {
        assignments.push(assigned);
      },
      onFatal: (error) => fatal.push(error),
      ...given,
      onBatch: async (batch) => {
        const handled = (await given.onBatch?.(batch)) ?? true;
        if (handled) {
          for (const { offset, value } of batch.records) {
            seen.push({ partition: batch.partition, offset, value: value?.toString() ?? null });
          }
        }
        return handled;
      },
    });
    return {
      consumer,
      seen,
      assignments,
      fatal,
      values: () => seen.map(({ value }) => Number(value)).sort((a, b) => a - b),
    };
  };
  const upTo = (count: number, from = 0) => Array.from({ length: count - from }, (_, at) => from + at);

  it('hands over every record once, those of a partition in offset order', async () => {
    const topic = await newTopic();
    await produce(topic, 0, 100);
    const { consumer, seen, values, fatal } = await consume(topic);
    await eventually(() => expect(values()).toEqual(upTo(100)));
    await produce(topic, 100, 110);
    await eventually(() => expect(values()).toEqual(upTo(110)));
    await consumer.stop();
    for (const partition of upTo(partitions)) {
      const offsets = seen.filter((each) => each.partition === partition).map(({ offset }) => Number(offset));
      expect(offsets).toEqual(upTo(offsets.length));
    }
    expect(fatal).toEqual([]);
  });

  it('keeps bytes and headers as they are, and a tombstone null', async () => {
    const topic = await newTopic();
    const [key, value, header] = [randomBytes(20), randomBytes(200), randomBytes(9)];
    const records = [
      { key, value, headers: { 'x-one': header } },
      { key, value: null },
    ];
    await broker.producer.send([{ topic, records }]);
    const batches: RawBatch[] = [];
    const { consumer, seen } = await consume(topic, {
      onBatch: async (batch) => {
        batches.push(batch);
        return true;
      },
    });
    await eventually(() => expect(seen).toHaveLength(2));
    await consumer.stop();
    const read = batches.flatMap((batch) => batch.records);
    expect(read.map((record) => [record.key, record.value, record.headers])).toEqual([
      [key, value, { 'x-one': header }],
      [key, null, {}],
    ]);
    expect(batches[0]?.partition).toBe(partitionOf(key, partitions));
    expect(batches.at(-1)).toMatchObject({ lastOffset: 1n, highWatermark: 2n });
  });

  it('keeps a null key null, and a record in the partition it names, where there is one', async () => {
    const topic = await newTopic();
    const key = Buffer.from('a');
    const records = [
      { key: null, value: Buffer.from('none'), partition: 2 },
      { key: Buffer.alloc(0), value: Buffer.from('empty'), partition: 2 },
      { key, value: Buffer.from('keyed'), partition: (partitionOf(key, partitions) + 1) % partitions },
      { key, value: Buffer.from('beyond'), partition: partitions },
      { key: null, value: Buffer.from('nowhere') },
    ];
    await broker.producer.send([{ topic, records }]);
    const batches: RawBatch[] = [];
    const { consumer, seen } = await consume(topic, {
      onBatch: async (batch) => {
        batches.push(batch);
        return true;
      },
    });
    await eventually(() => expect(seen).toHaveLength(records.length));
    await consumer.stop();
    const read = batches.flatMap((batch) => batch.records.map((record) => ({ ...record, partition: batch.partition })));
    const of = (value: string) => read.find((record) => record.value?.toString() === value);
    expect(of('none')).toMatchObject({ key: null, partition: 2 });
    expect(of('empty')).toMatchObject({ key: Buffer.alloc(0), partition: 2 });
    expect(of('keyed')).toMatchObject({ key, partition: (partitionOf(key, partitions) + 1) % partitions });
    expect(of('beyond')).toMatchObject({ key, partition: partitionOf(key, partitions) });
    expect(of('nowhere')).toMatchObject({ key: null, partition: 0 });
  });

  it('hands over nothing before the assignment is dealt with, and starts where it sought to', async () => {
    const topic = await newTopic();
    await produce(topic, 0, 60);
    const highs = new Map((await broker.admin.offsets(topic)).map((range) => [keyOf(range), range.high]));
    const dealt = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const ready = Promise.withResolvers<RunningConsumer>();
    let isDealt = false;
    const { consumer, seen } = await consume(topic, {
      onAssigned: async (assigned) => {
        asked.resolve();
        await dealt.promise;
        for (const each of assigned) (await ready.promise).seek(each, (highs.get(keyOf(each)) ?? 0n) - 2n);
        isDealt = true;
      },
      onBatch: async () => {
        expect(isDealt).toBe(true);
        return true;
      },
    });
    ready.resolve(consumer);
    await asked.promise;
    expect(seen).toEqual([]);
    dealt.resolve();
    await eventually(() => expect(seen).toHaveLength(2 * partitions));
    await consumer.stop();
    for (const { partition, offset } of seen) {
      expect(offset).toBeGreaterThanOrEqual((highs.get(keyOf({ topic, partition })) ?? 0n) - 2n);
    }
  });

  it('hands a batch that was not handled over again', async () => {
    const topic = await newTopic();
    await produce(topic, 0, 30);
    let refusals = 4;
    const { consumer, values } = await consume(topic, {
      onBatch: async () => {
        refusals -= 1;
        return refusals < 0;
      },
    });
    await eventually(() => expect(values()).toEqual(upTo(30)));
    await consumer.stop();
    expect(refusals).toBeLessThan(0);
  });

  it('goes on where it is told to seek during a batch', async () => {
    const topic = await newTopic();
    await produce(topic, 0, 40);
    const sought = new Set<number>();
    const started = Promise.withResolvers<RunningConsumer>();
    const { consumer, seen } = await consume(topic, {
      onBatch: async (batch) => {
        if (sought.has(batch.partition)) return true;
        sought.add(batch.partition);
        (await started.promise).seek(batch, 3n);
        return false;
      },
    });
    started.resolve(consumer);
    await eventually(() => expect(seen.length).toBe(40 - 3 * partitions));
    await consumer.stop();
    expect(seen.every(({ offset }) => offset >= 3n)).toBe(true);
  });

  it('lets the other partitions go on while one waits or is paused, and loses nothing of it', async () => {
    const topic = await newTopic();
    const release = Promise.withResolvers<void>();
    const { consumer, seen, values } = await consume(topic, {
      onBatch: async ({ partition }) => {
        if (partition === 0) await release.promise;
        return true;
      },
    });
    consumer.pause({ topic, partition: 1 });
    await produce(topic, 0, 30);
    const ofPartitionTwo = (await broker.admin.offsets(topic)).find(({ partition }) => partition === 2);
    await eventually(() => expect(BigInt(seen.length)).toBe(ofPartitionTwo?.high));
    await produce(topic, 30, 60);
    expect(seen.every(({ partition }) => partition === 2)).toBe(true);
    consumer.resume({ topic, partition: 1 });
    release.resolve();
    await eventually(() => expect(values()).toEqual(upTo(60)));
    await consumer.stop();
  });

  it('shares partitions between members, each with one, and gives those of a leaver to the others', async () => {
    const topic = await newTopic();
    await produce(topic, 0, 30);
    const first = await consume(topic);
    await eventually(() => expect(first.assignments.at(-1)).toHaveLength(partitions));
    const second = await consume(topic);
    const newest = () => [first, second].flatMap(({ assignments }) => assignments.at(-1) ?? []);
    await eventually(() => {
      expect(second.assignments.at(-1)?.length).toBeGreaterThan(0);
      expect(newest().map(keyOf).sort()).toEqual(upTo(partitions).map((partition) => `${topic}/${partition}`));
    });
    await first.consumer.stop();
    await eventually(() => expect(second.assignments.at(-1)).toHaveLength(partitions));
    await produce(topic, 30, 60);
    await eventually(() => expect(new Set([...first.values(), ...second.values()])).toEqual(new Set(upTo(60))));
    await second.consumer.stop();
  });

  it('goes on after what was handled when a group starts again, and from the beginning once it is deleted', async () => {
    const topic = await newTopic();
    await produce(topic, 0, 20);
    const first = await consume(topic);
    await eventually(() => expect(first.values()).toEqual(upTo(20)));
    await first.consumer.stop();
    await produce(topic, 20, 25);
    const second = await consume(topic);
    await eventually(() => expect(second.values()).toEqual(upTo(25, 20)));
    await second.consumer.stop();
    await broker.admin.deleteGroup(`group-${topic}`);
    const third = await consume(topic);
    await eventually(() => expect(third.values()).toEqual(upTo(25)));
    await third.consumer.stop();
  });

  it('finishes the batch in flight when stopped, and hands over none after it', async () => {
    const topic = await newTopic();
    await broker.producer.send([{ topic, records: [{ key: Buffer.from('a'), value: Buffer.from('1') }] }]);
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const { consumer, seen } = await consume(topic, {
      onBatch: async () => {
        entered.resolve();
        await leave.promise;
        return true;
      },
    });
    await entered.promise;
    await broker.producer.send([{ topic, records: [{ key: Buffer.from('a'), value: Buffer.from('2') }] }]);
    const stopped = consumer.stop();
    leave.resolve();
    await stopped;
    expect(seen.map(({ value }) => value)).toEqual(['1']);
  });

  it('says where each partition begins and ends', async () => {
    const topic = await newTopic();
    await produce(topic, 0, 12);
    const ranges = await broker.admin.offsets(topic);
    expect(ranges.map(({ partition }) => partition)).toEqual(upTo(partitions));
    expect(ranges.every(({ low }) => low === 0n)).toBe(true);
    expect(ranges.reduce((sum, { high }) => sum + Number(high), 0)).toBe(12);
  });

  it('refuses a record that is too large and a topic that is not there, with codes to tell', async () => {
    const topic = await newTopic({ 'max.message.bytes': '1000' });
    const send = (to: string, bytes: number) =>
      broker.producer.send([{ topic: to, records: [{ key: Buffer.from('a'), value: randomBytes(bytes) }] }]);
    await expect(send(topic, 2_000)).rejects.toMatchObject({ code: 'record_too_large' });
    await expect(send('no-such-topic', 1)).rejects.toMatchObject({ code: 'topic_unknown' });
    await expect(broker.admin.offsets('no-such-topic')).rejects.toMatchObject({ code: 'topic_unknown' });
  });
});
