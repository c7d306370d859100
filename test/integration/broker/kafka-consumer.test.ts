import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsumerFactory } from '../../../pipeline/broker/consumer.ts';
import { createKafkaAdmin } from '../../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../../pipeline/broker/kafka/client.ts';
import { createKafkaConsumers } from '../../../pipeline/broker/kafka/consumer.ts';
import { createKafkaProducer } from '../../../pipeline/broker/kafka/producer.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

const log = createLogger('fatal');

/** A client whose network can be taken away: open connections break, new ones are refused. */
function createBreakableKafka(brokers: string) {
  const open = new Set<Socket>();
  let isCut = false;
  const kafka = createKafka({
    brokers,
    clientId: 'breakable',
    log,
    socketFactory: ({ host, port, onConnect }) => {
      const socket = connect({ host, port: isCut ? 1 : port }, onConnect);
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      return socket;
    },
  });
  return {
    kafka,
    setCut(cut: boolean) {
      isCut = cut;
      if (cut) for (const socket of open) socket.destroy(new Error('read ECONNRESET'));
    },
  };
}

describe('a Kafka consumer', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await createWorkspace({ name: 'consumer', migrated: false });
  });
  afterAll(() => workspace.close());

  const setUp = async (topic: string) => {
    const names = kafkaNames(workspace.config.FRESHET_KAFKA_TOPIC_PREFIX);
    const kafka = createKafka({ brokers: workspace.config.FRESHET_KAFKA_BROKERS, clientId: 'test', log });
    const admin = createKafkaAdmin({ kafka, names });
    await admin.create([{ name: topic, partitions: 2, config: {} }]);
    await admin.close();
    const producer = await createKafkaProducer({ kafka, names, clock: systemClock });
    const send = (from: number, to: number) =>
      producer.send([
        {
          topic,
          records: Array.from({ length: to - from }, (_, at) => ({
            key: Buffer.from(`key-${from + at}`),
            value: Buffer.from(String(from + at)),
          })),
        },
      ]);
    return { names, producer, send };
  };
  const collect = async (consumers: ConsumerFactory, topic: string, batchMs = 0) => {
    const seen = new Set<number>();
    let assignments = 0;
    const fatal: unknown[] = [];
    const consumer = await consumers.start({
      groupId: topic,
      topics: [topic],
      autoOffsetReset: 'earliest',
      batchMs,
      onAssigned: async () => {
        assignments += 1;
      },
      onBatch: async ({ records }) => {
        for (const { value } of records) seen.add(Number(value));
        return true;
      },
      onFatal: (error) => fatal.push(error),
    });
    return { consumer, seen, fatal, assignments: () => assignments };
  };

  it('passes the markers of transactions and what was aborted, up to the end of the log', async () => {
    const { names, producer } = await setUp('markers');
    const kafka = createKafka({ brokers: workspace.config.FRESHET_KAFKA_BROKERS, clientId: 'test', log });
    const transactional = kafka.producer({ transactionalId: names.topic('markers'), maxInFlightRequests: 1 });
    await transactional.connect();
    const transact = async (value: number, end: 'commit' | 'abort') => {
      const transaction = await transactional.transaction();
      const messages = [0, 1].map((partition) => ({ partition, value: String(value + partition) }));
      await transaction.send({ topic: names.topic('markers'), messages });
      await transaction[end]();
    };
    await transact(0, 'commit');
    await transact(10, 'abort');
    await transact(20, 'commit');
    await transact(30, 'abort');
    await transactional.disconnect();
    const passed = new Map<number, bigint>();
    const values: number[] = [];
    const consumers = createKafkaConsumers({ kafka, names, clock: systemClock, random: () => 0.5, log });
    const consumer = await consumers.start({
      groupId: 'markers',
      topics: ['markers'],
      autoOffsetReset: 'earliest',
      onAssigned: async () => undefined,
      onBatch: async ({ partition, records, lastOffset }) => {
        values.push(...records.map(({ value }) => Number(value)));
        passed.set(partition, lastOffset);
        return true;
      },
      onFatal: (error) => expect(error).toBeUndefined(),
    });
    const eighth = 7n; // two entries a transaction: record and marker
    await eventually(() => expect([...passed.values()]).toEqual([eighth, eighth]));
    await consumer.stop();
    await producer.close();
    expect(values.sort((a, b) => a - b)).toEqual([0, 1, 20, 21]);
  });

  it('gets every record also where the broker may hold them back to gather more', async () => {
    const { names, producer, send } = await setUp('gathered');
    const kafka = createKafka({ brokers: workspace.config.FRESHET_KAFKA_BROKERS, clientId: 'test', log });
    const consumers = createKafkaConsumers({ kafka, names, clock: systemClock, random: () => 0.5, log });
    const { consumer, seen, fatal } = await collect(consumers, 'gathered', 30);
    for (let at = 0; at < 20; at += 1) await send(at, at + 1);
    await eventually(() => expect(seen.size).toBe(20));
    expect(fatal).toEqual([]);
    await consumer.stop();
    await producer.close();
  });

  it('joins again after an outage that its driver does not survive, and loses nothing', async () => {
    const { names, producer, send } = await setUp('outage');
    const { kafka, setCut } = createBreakableKafka(workspace.config.FRESHET_KAFKA_BROKERS);
    const ends: unknown[] = [];
    const noting = { ...log, child: () => noting, info: () => undefined, warn: (fields: unknown) => ends.push(fields) };
    const consumers = createKafkaConsumers({
      kafka,
      names,
      clock: systemClock,
      random: () => 0.5,
      log: noting as never,
    });
    const { consumer, seen, fatal, assignments } = await collect(consumers, 'outage');
    await send(0, 50);
    await eventually(() => expect(seen.size).toBe(50));
    setCut(true);
    await send(50, 100);
    await eventually(() => expect(ends.length).toBeGreaterThanOrEqual(2), { withinMs: 30_000 });
    expect(seen.size).toBe(50);
    setCut(false);
    await eventually(() => expect(seen.size).toBe(100), { withinMs: 30_000 });
    expect(assignments()).toBeGreaterThanOrEqual(2);
    expect(fatal).toEqual([]);
    await consumer.stop();
    await producer.close();
  });

  it('starts while the broker is away, and goes on when it comes', async () => {
    const { names, producer, send } = await setUp('late');
    const { kafka, setCut } = createBreakableKafka(workspace.config.FRESHET_KAFKA_BROKERS);
    setCut(true);
    const consumers = createKafkaConsumers({ kafka, names, clock: systemClock, random: () => 0.5, log });
    const { consumer, seen } = await collect(consumers, 'late');
    await send(0, 20);
    setCut(false);
    await eventually(() => expect(seen.size).toBe(20), { withinMs: 30_000 });
    await consumer.stop();
    await producer.close();
  });

  it('stops while the broker is away', async () => {
    const { names, producer } = await setUp('gone');
    const { kafka, setCut } = createBreakableKafka(workspace.config.FRESHET_KAFKA_BROKERS);
    const consumers = createKafkaConsumers({ kafka, names, clock: systemClock, random: () => 0.5, log });
    const { consumer, assignments } = await collect(consumers, 'gone');
    await eventually(() => expect(assignments()).toBe(1));
    setCut(true);
    await consumer.stop();
    await producer.close();
  });
});
