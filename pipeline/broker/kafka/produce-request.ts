import type { ProducerRecord } from '../producer.ts';
import { batchHeaderBytes, writeRecordBatch } from './record-batch.ts';

/** One partition's records; `bytes` is at least what they take in a batch. */
export interface PartitionRecords {
  readonly topic: string;
  readonly partition: number;
  readonly records: ProducerRecord[];
  bytes: number;
}

export interface PartitionError {
  readonly topic: string;
  readonly partition: number;
  /** The broker's error code; never 0. */
  readonly code: number;
}

/** Version that all brokers from 2.1 on take, 4.x included. */
export const produceVersion = 7;
export const produceKey = 0;

/**
 * Body of a Produce request without transactional id: acks, timeout, then one batch a partition.
 * Source: Apache Kafka protocol guide, Produce API version 7.
 */
export function writeProduceRequest(
  partitions: readonly PartitionRecords[],
  timestampMs: number,
  timeoutMs: number,
): Buffer {
  const topics = Map.groupBy(partitions, ({ topic }) => topic);
  let most = 12;
  for (const [topic, ofTopic] of topics) {
    most += 6 + Buffer.byteLength(topic);
    for (const { bytes } of ofTopic) most += 8 + batchHeaderBytes + bytes;
  }
  const target = Buffer.allocUnsafe(most);
  target.writeInt16BE(-1, 0); // no transactional id
  target.writeInt16BE(-1, 2); // acks of all in-sync replicas
  target.writeInt32BE(timeoutMs, 4);
  let at = target.writeInt32BE(topics.size, 8);
  for (const [topic, ofTopic] of topics) {
    const name = Buffer.from(topic);
    at = target.writeInt16BE(name.length, at);
    target.set(name, at);
    at = target.writeInt32BE(ofTopic.length, at + name.length);
    for (const one of ofTopic) at = writePartition(target, at, one, timestampMs);
  }
  return target.subarray(0, at);
}

function writePartition(target: Buffer, start: number, one: PartitionRecords, timestampMs: number): number {
  const end = writeRecordBatch(target, start + 8, one.records, timestampMs);
  target.writeInt32BE(one.partition, start);
  target.writeInt32BE(end - start - 8, start + 4);
  return end;
}

/** The partitions that were refused. */
export function readProduceErrors(response: Buffer): PartitionError[] {
  const errors: PartitionError[] = [];
  let at = 4;
  for (let topics = response.readInt32BE(0); topics > 0; topics -= 1) {
    const nameEnd = at + 2 + response.readInt16BE(at);
    const topic = response.toString('utf8', at + 2, nameEnd);
    at = nameEnd + 4;
    for (let partitions = response.readInt32BE(nameEnd); partitions > 0; partitions -= 1) {
      const code = response.readInt16BE(at + 4);
      if (code !== 0) errors.push({ topic, partition: response.readInt32BE(at), code });
      at += 30; // partition, code, base offset, append time, log start offset
    }
  }
  return errors;
}
