/** One Kafka entry as it was read; bytes untouched. */
export interface RawRecord {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly headers: Readonly<Record<string, Buffer>>;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/**
 * Records of one partition in offset order, offsets with gaps. It goes on where the batch before it ended, or at the
 * last seek: a first offset above that means that the log holds nothing in between. It may hold no record at all.
 */
export interface RawBatch extends TopicPartition {
  readonly records: readonly RawRecord[];
  /** Offset of the fetch's last entry, also where no visible record carries it. */
  readonly lastOffset: bigint;
  /** End of the log when this was fetched (the next offset to be written). */
  readonly highWatermark: bigint;
  /** True when a seek, pause or rebalance has made this batch obsolete. */
  isStale(): boolean;
  /** Keeps the membership during long work. */
  heartbeat(): Promise<void>;
}

export interface ConsumerOptions {
  readonly groupId: string;
  /** Logical names, without the installation's prefix. */
  readonly topics: readonly string[];
  readonly autoOffsetReset: 'earliest' | 'latest';
  /** How long a fetch waits where there is nothing; it returns with the first record. */
  readonly maxWaitMs?: number;
  /** How long a fetch may hold records back to gather more, at most; 0 or absent for not at all. */
  readonly batchMs?: number;
  readonly maxBytesPerPartition?: number;
  /** Called after every (re)assignment, before any batch of it is handed to `onBatch`. */
  onAssigned(partitions: readonly TopicPartition[]): Promise<void>;
  /**
   * One call at a time a partition, partitions in parallel. Resolving means: all of it is handled and the
   * hint may be committed. Resolving false means: not handled, position moved by seek or partition paused;
   * without a seek the same records come again. Must not reject.
   */
  onBatch(batch: RawBatch): Promise<boolean>;
  /** The consumer cannot go on (not a passing outage: those are retried inside). */
  onFatal(error: unknown): void;
}

export interface RunningConsumer {
  seek(partition: TopicPartition, offset: bigint): void;
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  /** Finishes the batches in flight, commits hints, leaves the group. */
  stop(): Promise<void>;
}

export interface ConsumerFactory {
  /** Resolves without waiting for the broker, nor for `onAssigned`, which may want to seek. */
  start(options: ConsumerOptions): Promise<RunningConsumer>;
}
