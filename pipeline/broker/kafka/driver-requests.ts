import type { ICustomPartitioner, Message, TopicMessages } from 'kafkajs';
import type { ProducerRecord, TopicRecords } from '../producer.ts';
import type { KafkaNames } from './client.ts';
import { partitionFor } from './partition-for.ts';

/** Requests of the driver, for transactions: it groups messages in quadratic time (107,000/s at 1,000, 66,000 at 5,000). */
const requestRecords = 1_000;
/** Below the smallest `max.message.bytes` of the catalogue, as kafkajs sends one record batch a partition. */
const requestBytes = 900_000;
/** Upper bound of what a record's own framing adds. */
const recordOverhead = 40;

/** Explicit, so that an outbox shard keeps mapping to a fixed set of partitions whatever the driver's default is. */
export const murmur2Partitioner: ICustomPartitioner =
  () =>
  ({ message, partitionMetadata }) =>
    partitionFor(message as ProducerRecord, partitionMetadata.length);

/** Splits a batch into requests within the bounds; the records of a topic keep their order. */
export function chunk(batch: readonly TopicRecords[], names: Pick<KafkaNames, 'topic'>): TopicMessages[][] {
  const requests: TopicMessages[][] = [];
  let request: TopicMessages[] = [];
  let count = 0;
  let bytes = 0;
  for (const { topic, records } of batch) {
    let messages: Message[] | undefined;
    for (const { key, value, headers, partition } of records) {
      const weight = (key?.length ?? 0) + (value?.length ?? 0) + recordOverhead;
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
      messages.push({ key, value, ...(headers && { headers }), ...(partition !== undefined && { partition }) });
      count += 1;
      bytes += weight;
    }
  }
  if (request.length > 0) requests.push(request);
  return requests;
}
