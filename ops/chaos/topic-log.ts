import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { chaosTopics, partitions, topicPrefix } from './area.ts';
import type { PublishedRecord } from './judge.ts';
import { idOf } from './writers.ts';

/** Reads the topics in portions, committed records only, each record once and none left out. */
export interface TopicLog {
  /** Everything appended since the last call, up to now. */
  published(): Promise<PublishedRecord[]>;
  close(): Promise<void>;
}

const sentinel = 'sentinel:';
/** A relay that died in a transaction of its own keeps readers waiting for 15 s where nobody succeeds it. */
const readWithinMs = 90_000;

export async function openTopicLog(brokers: string): Promise<TopicLog> {
  const retry = { retries: 20, initialRetryTime: 100, maxRetryTime: 2_000 };
  const kafka = new Kafka({
    clientId: 'freshet-chaos',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry,
  });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const lanes = chaosTopics.flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic: topicPrefix + topic, partition })),
  );
  const next = new Map(lanes.map(({ topic, partition }) => [`${topic}/${partition}`, 0n]));

  /** One record a partition that stands for "now": behind an open transaction it is seen when that has ended. */
  const mark = async (name: string) => {
    const topicMessages = chaosTopics.map((topic) => ({
      topic: topicPrefix + topic,
      messages: Array.from({ length: partitions }, (_, partition) => ({ partition, value: name })),
    }));
    await producer.sendBatch({ acks: -1, topicMessages });
  };

  const readUpTo = async (consumer: Consumer, name: string): Promise<PublishedRecord[]> => {
    const records: PublishedRecord[] = [];
    const waiting = new Set(next.keys());
    const { promise, resolve } = Promise.withResolvers<void>();
    await consumer.run({
      autoCommit: false,
      async eachMessage({ topic, partition, message }) {
        const lane = `${topic}/${partition}`;
        const offset = BigInt(message.offset);
        if (!waiting.has(lane) || offset < (next.get(lane) ?? 0n)) return;
        next.set(lane, offset + 1n);
        const text = String(message.value);
        if (text === name) waiting.delete(lane);
        if (waiting.size === 0) resolve();
        if (text.startsWith(sentinel)) return;
        const id = idOf(message.value ?? Buffer.alloc(0));
        records.push({ id, topic: topic.slice(topicPrefix.length), appendedAt: Number(message.timestamp) });
      },
    });
    for (const { topic, partition } of lanes)
      consumer.seek({ topic, partition, offset: String(next.get(`${topic}/${partition}`)) });
    await Promise.race([promise, delay(readWithinMs, undefined, { ref: false })]);
    if (waiting.size > 0) throw new Error(`the topics could not be read to their end within ${readWithinMs} ms`);
    return records;
  };

  return {
    async published() {
      const name = sentinel + randomUUID();
      await mark(name);
      const consumer = kafka.consumer({
        groupId: `${topicPrefix}${name}`,
        sessionTimeout: 10_000,
        maxWaitTimeInMs: 50,
      });
      try {
        await consumer.connect();
        await consumer.subscribe({ topics: chaosTopics.map((topic) => topicPrefix + topic), fromBeginning: true });
        return await readUpTo(consumer, name);
      } finally {
        await consumer.disconnect();
      }
    },
    close: () => producer.disconnect(),
  };
}
