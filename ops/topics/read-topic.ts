import { randomUUID } from 'node:crypto';
import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';
import type { ConsumerFactory, RawBatch, RawRecord, RunningConsumer } from '../../pipeline/broker/consumer.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { untilAvailable } from '../../pipeline/kernel/retry.ts';

export interface TopicReaderPorts {
  readonly admin: BrokerAdmin;
  readonly consumers: ConsumerFactory;
}

export interface ReadTopicOptions {
  readonly topic: string;
  /** Records before this instant, by their timestamp, are left out; without it all are read. */
  readonly sinceMs?: number;
  onRecord(record: RawRecord): void | Promise<void>;
}

/** A partition that was made, or whose broker was started, just now has no leader for a moment. */
function offsetsOf(topic: string, admin: BrokerAdmin) {
  const signal = AbortSignal.timeout(30_000);
  const options = { clock: systemClock, random: Math.random, log: createLogger('error'), signal, maxMs: 500 };
  return untilAvailable(`offsets of ${topic}`, options, () => admin.offsets(topic));
}

/**
 * Reads a topic up to the end it has now, committed records only, each partition in offset order, under a group of its
 * own that is deleted afterwards.
 */
export async function readTopic(
  ports: TopicReaderPorts,
  { topic, sinceMs, onRecord }: ReadTopicOptions,
): Promise<void> {
  const { admin, consumers } = ports;
  const ranges = (await offsetsOf(topic, admin)).filter((range) => range.high > range.low);
  const starts = new Map(ranges.map(({ partition, low }) => [partition, low]));
  const later = sinceMs === undefined ? [] : await admin.offsetsAt(topic, sinceMs);
  for (const { partition, offset } of later) if (offset > (starts.get(partition) ?? 0n)) starts.set(partition, offset);
  const ends = new Map(ranges.map(({ partition, high }) => [partition, high]));
  for (const [partition, end] of ends) if ((starts.get(partition) ?? 0n) >= end) ends.delete(partition);
  if (ends.size === 0) return;
  const finished = Promise.withResolvers<void>();
  const started = Promise.withResolvers<RunningConsumer>();
  const readBatch = async ({ partition, records, lastOffset }: RawBatch) => {
    const end = ends.get(partition);
    for (const record of records) {
      if (end !== undefined && record.offset < end && record.offset >= (starts.get(partition) ?? 0n))
        await onRecord(record);
    }
    if (end !== undefined && lastOffset + 1n >= end) ends.delete(partition);
    if (ends.size === 0) finished.resolve();
    return true;
  };
  const groupId = `verify-${randomUUID()}`;
  const running = await consumers.start({
    groupId,
    topics: [topic],
    autoOffsetReset: 'earliest',
    async onAssigned(partitions) {
      if (later.length === 0) return;
      const consumer = await started.promise;
      for (const { partition } of partitions) consumer.seek({ topic, partition }, starts.get(partition) ?? 0n);
    },
    onBatch: (batch) =>
      readBatch(batch).catch((error: unknown) => {
        finished.reject(error);
        return false;
      }),
    onFatal: finished.reject,
  });
  started.resolve(running);
  try {
    await finished.promise;
  } finally {
    await running.stop();
    await admin.deleteGroup(groupId);
  }
}
