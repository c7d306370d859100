import { randomUUID } from 'node:crypto';
import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';
import type { Codec } from '../../pipeline/broker/codec.ts';
import type { ConsumerFactory, RawBatch } from '../../pipeline/broker/consumer.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { untilAvailable } from '../../pipeline/kernel/retry.ts';
import type { TopicDef } from '../../schemas/topic.ts';

export interface TopicPorts {
  readonly admin: BrokerAdmin;
  readonly consumers: ConsumerFactory;
  readonly codec: Codec;
}

/** A partition that was made, or whose broker was started, just now has no leader for a moment. */
function offsetsOf(topic: string, admin: BrokerAdmin) {
  const signal = AbortSignal.timeout(30_000);
  const options = { clock: systemClock, random: Math.random, log: createLogger('error'), signal, maxMs: 500 };
  return untilAvailable(`offsets of ${topic}`, options, () => admin.offsets(topic));
}

/**
 * How often each event id stands in a topic, read from its first offset to the end it has now, committed
 * records only, under a group of its own that is deleted afterwards.
 */
export async function topicIds(
  topic: TopicDef<{ readonly eventId: string }>,
  { admin, consumers, codec }: TopicPorts,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const ranges = (await offsetsOf(topic.name, admin)).filter((range) => range.high > range.low);
  const ends = new Map(ranges.map((range) => [range.partition, range.high]));
  if (ends.size === 0) return counts;
  const reader = codec.reader(topic);
  const groupId = `verify-${randomUUID()}`;
  const finished = Promise.withResolvers<void>();
  const readBatch = async (batch: RawBatch) => {
    const end = ends.get(batch.partition);
    for (const { offset, value } of batch.records) {
      if (end === undefined || offset >= end || value === null) continue;
      const result = await reader.read(value);
      if (!result.ok) throw new FreshetError('topic_unreadable', `${topic.name} at ${offset}: ${result.message}`);
      counts.set(result.value.eventId, (counts.get(result.value.eventId) ?? 0) + 1);
    }
    if (end !== undefined && batch.lastOffset + 1n >= end) ends.delete(batch.partition);
    if (ends.size === 0) finished.resolve();
    return true;
  };
  const running = await consumers.start({
    groupId,
    topics: [topic.name],
    autoOffsetReset: 'earliest',
    onAssigned: async () => undefined,
    onBatch: (batch) =>
      readBatch(batch).catch((error: unknown) => {
        finished.reject(error);
        return false;
      }),
    onFatal: finished.reject,
  });
  try {
    await finished.promise;
  } finally {
    await running.stop();
    await admin.deleteGroup(groupId);
  }
  return counts;
}
