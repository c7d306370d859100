import type { Kafka, Message, Producer as KafkaProducer, TopicMessages } from 'kafkajs';
import { partitionOf } from '../../domain/murmur2.ts';
import type { Producer, TopicRecords } from '../producer.ts';
import { type KafkaNames, translateKafka } from './client.ts';

export interface KafkaProducerOptions {
  readonly kafka: Kafka;
  readonly names: KafkaNames;
}

/** kafkajs groups a request's messages in quadratic time: 107,000 messages/s at 1,000 a request, 66,000 at 5,000. */
const requestRecords = 1_000;
/** Below the smallest `max.message.bytes` of the catalogue, as kafkajs sends one record batch a partition. */
const requestBytes = 900_000;
/** Upper bound of what a record's own framing adds. */
const recordOverhead = 40;

/**
 * Plain producer: no idempotence (kafkajs may reuse a sequence number after an ambiguous timeout and lose
 * messages silently), no retries of its own (they would send behind the caller's back), no compression.
 */
export async function createKafkaProducer({ kafka, names }: KafkaProducerOptions): Promise<Producer> {
  const producer = kafka.producer({
    createPartitioner: () => ({ message, partitionMetadata }) =>
      partitionOf(message.key as Buffer, partitionMetadata.length),
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
        for (const request of chunk(batch, names)) await sendOne(producer, request);
      } catch (error) {
        throw translateKafka(error);
      }
    },
    close: () => producer.disconnect(),
  };
}

async function sendOne(producer: KafkaProducer, topicMessages: TopicMessages[]): Promise<void> {
  await producer.sendBatch({ acks: -1, topicMessages });
}

/** Splits a batch into requests within the bounds, in order. */
export function chunk(batch: readonly TopicRecords[], names: KafkaNames): TopicMessages[][] {
  const requests: TopicMessages[][] = [];
  let request: TopicMessages[] = [];
  let count = 0;
  let bytes = 0;
  for (const { topic, records } of batch) {
    let messages: Message[] | undefined;
    for (const { key, value, headers } of records) {
      const weight = key.length + (value?.length ?? 0) + recordOverhead;
      if (count > 0 && (count >= requestRecords || bytes + weight > requestBytes)) {
        requests.push(request);
        request = [];
        messages = undefined;
        count = 0;
        bytes = 0;
      }
      if (!messages) {
        messages = [];
        request.push({ topic: names.topic(topic), messages });
      }
      messages.push(headers ? { key, value, headers } : { key, value });
      count += 1;
      bytes += weight;
    }
  }
  if (request.length > 0) requests.push(request);
  return requests;
}
