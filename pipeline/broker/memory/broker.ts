import type { Clock } from '../../kernel/clock.ts';
import { FreshetError, TransientError } from '../../kernel/errors.ts';
import type { BrokerAdmin, TopicSpec } from '../admin.ts';
import type { ConsumerFactory, RawRecord } from '../consumer.ts';
import type { Producer, TopicRecords } from '../producer.ts';
import { Group } from './group.ts';
import { PartitionLog } from './log.ts';

export interface MemoryBrokerOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Kafka's partitioner (`domain/murmur2.ts`). */
  partitionOf(key: Uint8Array, partitionCount: number): number;
  /** Most records a batch. */
  readonly fetchRecords?: number;
}

/** The broker's ports inside one process, and levers that tests pull. */
export interface MemoryBroker {
  readonly producer: Producer;
  readonly consumers: ConsumerFactory;
  readonly admin: BrokerAdmin;
  /** While false, everything behaves as during an outage. */
  setAvailable(available: boolean): void;
  /** All records of a topic, partition after partition. */
  recordsOf(topic: string): readonly RawRecord[];
  logOf(topic: string, partition: number): PartitionLog;
  /** Assigns a group's partitions anew, as if a member had come or gone. */
  rebalance(groupId: string): void;
  membersOf(groupId: string): number;
}

interface Topic {
  spec: TopicSpec;
  readonly logs: readonly PartitionLog[];
}

export function createMemoryBroker({ clock, partitionOf, fetchRecords = 500 }: MemoryBrokerOptions): MemoryBroker {
  const topics = new Map<string, Topic>();
  const groups = new Map<string, Group>();
  let available = true;

  const whenAvailable = () => {
    if (!available) throw new TransientError('kafka_unavailable', 'the broker is away');
  };
  const topicOf = (name: string): Topic => {
    const topic = topics.get(name);
    if (topic === undefined) throw new FreshetError('topic_unknown', `no topic ${name}`);
    return topic;
  };
  const groupOf = (id: string): Group => {
    const group = groups.get(id) ?? new Group(logs);
    groups.set(id, group);
    return group;
  };
  const logs = {
    fetchRecords,
    isAvailable: () => available,
    partitionsOf: (topic: string) =>
      (topics.get(topic)?.logs ?? []).map((log, partition) => ({ topic, partition, log })),
  };
  const append = ({ topic: name, records }: TopicRecords) => {
    const { spec, logs: partitions } = topicOf(name);
    const maxBytes = Number(spec.config['max.message.bytes'] ?? 1_048_588);
    for (const { key, value, headers = {}, partition } of records) {
      if ((key?.length ?? 0) + (value?.length ?? 0) > maxBytes)
        throw new FreshetError('record_too_large', `over ${maxBytes} bytes`);
      const keyed = key === null ? 0 : partitionOf(key, partitions.length);
      const log = (partition === undefined ? undefined : partitions[partition]) ?? (partitions[keyed] as PartitionLog);
      log.append({ key, value, headers, timestampMs: clock.now() });
    }
  };
  return {
    producer: {
      async send(batch) {
        whenAvailable();
        for (const each of batch) append(each);
      },
      close: async () => undefined,
    },
    consumers: { start: async (options) => groupOf(options.groupId).join(options) },
    admin: adminOf({ topics, groups, topicOf, whenAvailable }),
    setAvailable(value) {
      available = value;
      for (const { logs: partitions } of topics.values()) for (const log of partitions) log.wake();
    },
    recordsOf: (topic) =>
      logs.partitionsOf(topic).flatMap(({ log }) => log.read(log.low, Number.MAX_SAFE_INTEGER).records),
    logOf: (topic, partition) => topicOf(topic).logs[partition] as PartitionLog,
    rebalance: (groupId) => groupOf(groupId).rebalance(),
    membersOf: (groupId) => groups.get(groupId)?.size ?? 0,
  };
}

interface Cluster {
  readonly topics: Map<string, Topic>;
  readonly groups: Map<string, Group>;
  topicOf(name: string): Topic;
  whenAvailable(): void;
}

function adminOf({ topics, groups, topicOf, whenAvailable }: Cluster): BrokerAdmin {
  return {
    async offsets(name) {
      whenAvailable();
      return topicOf(name).logs.map(({ low, high }, partition) => ({ topic: name, partition, low, high }));
    },
    async offsetsAt(name, timestampMs) {
      whenAvailable();
      return topicOf(name).logs.map((log, partition) => ({
        topic: name,
        partition,
        offset: log.offsetAt(timestampMs),
      }));
    },
    async describe(names) {
      whenAvailable();
      return names.flatMap((name) => topics.get(name)?.spec ?? []);
    },
    async create(specs) {
      whenAvailable();
      for (const spec of specs) {
        topics.set(spec.name, { spec, logs: Array.from({ length: spec.partitions }, () => new PartitionLog()) });
      }
    },
    async configure(spec) {
      whenAvailable();
      topicOf(spec.name).spec = spec;
    },
    async deleteGroup(groupId) {
      whenAvailable();
      groups.delete(groupId);
    },
    close: async () => undefined,
  };
}
