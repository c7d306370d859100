import type { RawRecord, TopicPartition } from '../../broker/consumer.ts';
import type { DeadLetterReason } from '../outcome.ts';

/** Names one offset: a stage's progress in a partition, for one version of its state. */
export interface OffsetKey {
  readonly stateVersion: number;
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
}

export interface Position {
  readonly epoch: bigint;
  /** First offset without an effect. */
  readonly nextOffset: bigint;
}

/** What the runner needs of the store of offsets (`stores/progress.ts`). */
export interface RunnerProgress<Tx> {
  claim(key: OffsetKey & { readonly owner: string; readonly initial: bigint }): Promise<Position>;
  advance(
    tx: Tx | undefined,
    move: OffsetKey & { readonly epoch: bigint; readonly expected: bigint; readonly next: bigint },
  ): Promise<boolean>;
  /** Partitions whose offset an operator moved, and that nobody has claimed since. */
  moved(stage: { readonly stateVersion: number; readonly stage: string }): Promise<readonly TopicPartition[]>;
}

/** What the runner needs of the stateful stage's store (`stores/transaction.ts`). */
export interface RunnerTransactions<Tx> {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  savepoint<T>(tx: Tx, work: () => Promise<T>): Promise<T>;
}

/** A record that was set aside: where it came from, its bytes untouched, and why. */
export interface SetAside extends OffsetKey {
  /** Topic that the stage read it from: its dead-letter topic goes by that. */
  readonly consumedFrom: string;
  readonly record: RawRecord;
  /** Offset of the original record; of a redriven one that of its first delivery, as are topic and partition. */
  readonly offset: bigint;
  readonly reason: DeadLetterReason;
  readonly message: string;
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly firstFailedAt: number;
  readonly lastFailedAt: number;
  readonly redriveCount: number;
  readonly writerSchemaId: number | null;
  readonly eventId: string | null;
}

/** Where dead letters of a stateless stage go; resolves when they are durable. */
export interface DeadLetterSink {
  publish(letters: readonly SetAside[]): Promise<void>;
}

/** Where dead letters of a stateful stage go: published if and only if the transaction commits. */
export interface DeadLetterAppender<Tx> {
  append(tx: Tx, letters: readonly SetAside[]): Promise<void>;
}
