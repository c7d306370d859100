/** One record to publish, framed and keyed. `value: null` is a tombstone. */
export interface ProducerRecord {
  /** Null for a record without a key, which is not the same as an empty one. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer>>;
  /** Instead of the partition that the key leads to; taken for none where the topic has no such partition. */
  readonly partition?: number;
}

export interface TopicRecords {
  /** Logical name, without the installation's prefix. */
  readonly topic: string;
  readonly records: readonly ProducerRecord[];
}

/**
 * Publishes with acks=-1 and Kafka's murmur2 partitioner (a record with neither key nor partition goes to the first).
 * Resolves when every record is acknowledged.
 * Records of one key keep their order within a call and between awaited calls.
 * Throws TransientError where waiting helps, else FreshetError with code `record_too_large`,
 * `topic_unknown` or `record_invalid`; after an error any part may have been published.
 */
export interface Producer {
  send(batch: readonly TopicRecords[]): Promise<void>;
  close(): Promise<void>;
}
