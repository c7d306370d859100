/** One Kafka header of the original record. */
export interface DeadLetterHeader {
  readonly name: string;
  readonly value: Buffer;
}

/** What operators see of a record that was set aside; the key is that of its first delivery. */
export interface DeadLetterEntry {
  readonly stateVersion: number;
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly reason: string;
  readonly message: string;
  readonly eventId: string | null;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly DeadLetterHeader[];
  readonly writerSchemaId: number | null;
  readonly attempt: number;
  readonly redriveCount: number;
  /** Milliseconds since the epoch. */
  readonly firstFailedAt: number;
  readonly lastFailedAt: number;
  readonly appVersion: string;
}

export type DeadLetterStatus = 'open' | 'redriven' | 'discarded';

export interface StoredDeadLetter extends DeadLetterEntry {
  readonly status: DeadLetterStatus;
}

export interface DeadLetterFilter {
  readonly stage?: string;
  readonly reason?: string;
  readonly status?: DeadLetterStatus;
  readonly eventId?: string;
  /** Last failure in [from, to), milliseconds since the epoch. */
  readonly from?: number;
  readonly to?: number;
}

export interface DeadLetterSummary {
  readonly stage: string;
  readonly stateVersion: number;
  readonly reason: string;
  readonly status: DeadLetterStatus;
  readonly count: number;
  readonly oldestFailedAt: number;
  readonly newestFailedAt: number;
}

/**
 * Written by `dlq-index` alone. The same event failing again (a later last failure) updates its row and opens it;
 * a letter that was indexed already changes nothing. Throws TransientError where waiting helps.
 */
export interface DeadLetterIndex {
  put(entries: readonly DeadLetterEntry[]): Promise<void>;
  /** Deletes what failed last before then; answers how many. */
  expire(before: number): Promise<number>;
}

/** What operators ask. Newest failure first. */
export interface DeadLetters {
  list(filter: DeadLetterFilter, limit: number): Promise<readonly StoredDeadLetter[]>;
  summary(filter?: DeadLetterFilter): Promise<readonly DeadLetterSummary[]>;
}
