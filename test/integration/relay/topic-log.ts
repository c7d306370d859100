import { createKafka } from '../../../pipeline/broker/kafka/client.ts';
import type { Config } from '../../../pipeline/kernel/config.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';

export interface LogEntry {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly value: string | null;
}

export interface TopicLog {
  /** Committed records as they arrive, in offset order within a partition. */
  readonly entries: readonly LogEntry[];
  close(): Promise<void>;
}

/** Makes plain topics of 8 partitions. */
export async function createPlainTopics(config: Config, topics: readonly string[]): Promise<void> {
  const admin = clientOf(config).admin();
  await admin.connect();
  const prefix = config.FRESHET_KAFKA_TOPIC_PREFIX;
  await admin.createTopics({ topics: topics.map((topic) => ({ topic: prefix + topic, numPartitions: 8 })) });
  await admin.disconnect();
}

/** Follows topics from their beginning, reading committed records only. */
export async function followTopics(config: Config, topics: readonly string[]): Promise<TopicLog> {
  const prefix = config.FRESHET_KAFKA_TOPIC_PREFIX;
  const consumer = clientOf(config).consumer({ groupId: `${prefix}log-${topics.join('-')}` });
  const entries: LogEntry[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: topics.map((topic) => prefix + topic), fromBeginning: true });
  await consumer.run({
    async eachMessage({ topic, partition, message }) {
      const value = message.value === null ? null : String(message.value);
      entries.push({ topic: topic.slice(prefix.length), partition, key: String(message.key), value });
    },
  });
  return { entries, close: () => consumer.disconnect() };
}

function clientOf(config: Config) {
  return createKafka({ brokers: config.FRESHET_KAFKA_BROKERS, clientId: 'log', log: createLogger('silent') });
}
