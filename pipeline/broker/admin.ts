import type { TopicPartition } from './consumer.ts';

export interface PartitionRange extends TopicPartition {
  /** First offset still there. */
  readonly low: bigint;
  /** Next offset to be written. */
  readonly high: bigint;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/** What the cluster holds of a topic. */
export interface TopicState {
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/** Topics are logical names; the implementation adds the installation's prefix. */
export interface BrokerAdmin {
  offsets(topic: string): Promise<PartitionRange[]>;
  /** Offset of the first record written at or after the instant, by its timestamp; the end where there is none. */
  offsetsAt(topic: string, timestampMs: number): Promise<readonly (TopicPartition & { readonly offset: bigint })[]>;
  describe(names: readonly string[]): Promise<TopicState[]>;
  /** Resolves when the topics can be used; those that are there already stay as they are. */
  create(specs: readonly TopicSpec[]): Promise<void>;
  configure(spec: TopicSpec): Promise<void>;
  deleteGroup(groupId: string): Promise<void>;
  close(): Promise<void>;
}
