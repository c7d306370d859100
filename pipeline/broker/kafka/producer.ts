import type { Kafka } from 'kafkajs';
import type { Producer } from '../producer.ts';
import { type KafkaNames, translateKafka } from './client.ts';
import { chunk, murmur2Partitioner } from './requests.ts';

export interface KafkaProducerOptions {
  readonly kafka: Kafka;
  readonly names: KafkaNames;
}

/**
 * Plain producer: no idempotence (kafkajs may reuse a sequence number after an ambiguous timeout and lose
 * messages silently), no retries of its own (they would send behind the caller's back), no compression.
 * Connects with the first send.
 */
export function createKafkaProducer({ kafka, names }: KafkaProducerOptions): Producer {
  const producer = kafka.producer({
    createPartitioner: murmur2Partitioner,
    allowAutoTopicCreation: false,
    idempotent: false,
    retry: { retries: 0 },
  });
  let connecting: Promise<void> | undefined;
  const connect = () => {
    connecting ??= producer.connect().catch((error: unknown) => {
      connecting = undefined;
      throw error;
    });
    return connecting;
  };
  return {
    async send(batch) {
      try {
        await connect();
        for (const topicMessages of chunk(batch, names)) await producer.sendBatch({ acks: -1, topicMessages });
      } catch (error) {
        throw translateKafka(error);
      }
    },
    close: () => producer.disconnect(),
  };
}
