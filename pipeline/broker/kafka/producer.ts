import type { Kafka, Producer as KafkaProducer } from 'kafkajs';
import { FreshetError } from '../../kernel/errors.ts';
import type { Producer } from '../producer.ts';
import { type KafkaNames, translateKafka } from './client.ts';
import { chunk, murmur2Partitioner } from './requests.ts';

export interface KafkaProducerOptions {
  readonly kafka: Kafka;
  readonly names: KafkaNames;
}

interface Connected {
  readonly producer: KafkaProducer;
  connecting?: Promise<void> | undefined;
  inFlight: number;
  replaced: boolean;
}

/**
 * Plain producer: no idempotence (kafkajs may reuse a sequence number after an ambiguous timeout and lose
 * messages silently), no retries of its own (they would send behind the caller's back), no compression.
 * Connects with the first send.
 */
export function createKafkaProducer({ kafka, names }: KafkaProducerOptions): Producer {
  let current = create(kafka);
  let closed = false;

  const disconnectIfDone = async (used: Connected) => {
    if (!used.replaced || used.inFlight > 0) return;
    await used.producer.disconnect().catch(() => undefined); // it must not hide what became of the send
  };

  return {
    async send(batch) {
      const used = current;
      used.inFlight += 1;
      try {
        await connect(used);
        for (const topicMessages of chunk(batch, names)) await used.producer.sendBatch({ acks: -1, topicMessages });
      } catch (error) {
        const translated = translateKafka(error);
        if (isTopicUnknown(translated) && !used.replaced && !closed) {
          current = create(kafka);
          used.replaced = true;
        }
        throw translated;
      } finally {
        used.inFlight -= 1;
        await disconnectIfDone(used);
      }
    },
    async close() {
      closed = true;
      await current.producer.disconnect();
    },
  };
}

function create(kafka: Kafka): Connected {
  const producer = kafka.producer({
    createPartitioner: murmur2Partitioner,
    allowAutoTopicCreation: false,
    idempotent: false,
    retry: { retries: 0 },
  });
  return { producer, inFlight: 0, replaced: false };
}

function connect(used: Connected): Promise<void> {
  used.connecting ??= used.producer.connect().catch((error: unknown) => {
    used.connecting = undefined;
    throw error;
  });
  return used.connecting;
}

/**
 * The driver asks for the metadata of every topic it ever sent to, and refuses all of them when one is gone:
 * only a new producer, which knows of none, can tell who is meant.
 */
function isTopicUnknown(error: Error): boolean {
  return error instanceof FreshetError && error.code === 'topic_unknown';
}
