import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Message, type Producer } from 'kafkajs';
import pg from 'pg';
import { connectionConfig } from '../../../../pipeline/stores/postgres/database.ts';

/** What a peer's loop works with. */
export interface Peer {
  readonly client: pg.Client;
  /** Publishes rows in order; resolves when all replicas have acknowledged. */
  publish(rows: readonly OutboxRow[]): Promise<void>;
}

export interface OutboxRow {
  readonly id: string;
  readonly topic: string;
  readonly key: Buffer;
  readonly payload: Buffer;
}

/** Rows a batch; kafkajs is fastest at about a thousand messages a request. */
export const batchRows = 1_000;
/** Between looks at an outbox that has nothing new: idle cost does not count here, latency does. */
const idleMs = 2;

function byTopic(prefix: string, rows: readonly OutboxRow[]) {
  const topics = new Map<string, Message[]>();
  for (const { topic, key, payload } of rows) {
    const messages = topics.get(topic) ?? [];
    topics.set(topic, messages);
    messages.push({ key, value: payload });
  }
  return [...topics].map(([topic, messages]) => ({ topic: prefix + topic, messages }));
}

async function connectProducer(brokers: string): Promise<Producer> {
  const { Kafka, Partitioners, logLevel } = kafkajs;
  const kafka = new Kafka({ clientId: 'freshet-bench-peer', brokers: brokers.split(','), logLevel: logLevel.WARN });
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  return producer;
}

/**
 * Runs a peer until SIGTERM: `batch` publishes what there is and answers how much that was. Settings come from the
 * environment: BENCH_POSTGRES_URL, BENCH_KAFKA_BROKERS, BENCH_PREFIX.
 */
export async function runPeer(
  settings: Readonly<Record<string, string>>,
  batch: (peer: Peer) => Promise<number>,
): Promise<void> {
  const { BENCH_POSTGRES_URL: url = '', BENCH_KAFKA_BROKERS: brokers = '', BENCH_PREFIX: prefix = '' } = process.env;
  const client = new pg.Client({ ...connectionConfig(url, settings), application_name: 'freshet bench peer' });
  let stopping = false;
  process.once('SIGTERM', () => {
    stopping = true;
  });
  const [producer] = await Promise.all([connectProducer(brokers), client.connect()]);
  const publish = async (rows: readonly OutboxRow[]) => {
    await producer.sendBatch({ acks: -1, topicMessages: byTopic(prefix, rows) });
  };
  while (!stopping) {
    const count = await batch({ client, publish });
    if (count === 0) await delay(idleMs);
  }
  await producer.disconnect();
  await client.end();
}
