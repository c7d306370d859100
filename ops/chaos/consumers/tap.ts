import { randomUUID } from 'node:crypto';
import type { BrokerAdmin } from '../../../pipeline/broker/admin.ts';
import type { ConsumerFactory, RawRecord, RunningConsumer, TopicPartition } from '../../../pipeline/broker/consumer.ts';

export interface TappedRecord extends Pick<RawRecord, 'offset' | 'key' | 'value'>, TopicPartition {}

/** Reads topics all the while, from their beginning, committed records only, each once and none left out. */
export interface Tap {
  /** Whether everything that was there when this was asked has been handed over; rejects while the broker is away. */
  isAtEnd(): Promise<boolean>;
  close(): Promise<void>;
}

export interface TapOptions {
  readonly admin: Pick<BrokerAdmin, 'offsets' | 'deleteGroup'>;
  readonly consumers: ConsumerFactory;
  readonly topics: readonly string[];
  readonly onRecord: (record: TappedRecord) => void;
}

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;

/** Under a group of its own; where it goes on after an outage is its own memory, not the group's. */
export async function openTap({ admin, consumers, topics, onRecord }: TapOptions): Promise<Tap> {
  const next = new Map<string, bigint>();
  const groupId = `tap-${randomUUID()}`;
  const started = Promise.withResolvers<RunningConsumer>();
  let failure: unknown;
  const running = await consumers.start({
    groupId,
    topics,
    autoOffsetReset: 'earliest',
    async onAssigned(partitions) {
      const consumer = await started.promise;
      for (const partition of partitions) consumer.seek(partition, next.get(keyOf(partition)) ?? 0n);
    },
    async onBatch({ topic, partition, records, lastOffset }) {
      const from = next.get(keyOf({ topic, partition })) ?? 0n;
      for (const { offset, key, value } of records) {
        if (offset >= from) onRecord({ topic, partition, offset, key, value });
      }
      if (lastOffset >= from) next.set(keyOf({ topic, partition }), lastOffset + 1n);
      return true;
    },
    onFatal: (error) => {
      failure = error;
    },
  });
  started.resolve(running);
  return {
    async isAtEnd() {
      if (failure !== undefined) throw failure;
      const ranges = (await Promise.all(topics.map((topic) => admin.offsets(topic)))).flat();
      return ranges.every((range) => (next.get(keyOf(range)) ?? 0n) >= range.high);
    },
    close: () => running.stop(),
  };
}
