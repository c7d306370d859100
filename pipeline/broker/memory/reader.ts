import { setImmediate as nextTurn } from 'node:timers/promises';
import { TransientError } from '../../kernel/errors.ts';
import type { RawBatch, TopicPartition } from '../consumer.ts';
import type { PartitionLog } from './log.ts';

export interface ReaderOptions {
  readonly partition: TopicPartition;
  readonly log: PartitionLog;
  readonly fetchRecords: number;
  readonly fromBeginning: boolean;
  readonly isAvailable: () => boolean;
  onBatch(batch: RawBatch): Promise<boolean>;
  onCommitted(next: bigint): void;
  onFatal(error: unknown): void;
}

/** Hands one partition's records to one member, one batch at a time. */
export class PartitionReader {
  readonly #options: ReaderOptions;
  readonly #unfollow: () => void;
  #position = 0n;
  #generation = 0;
  #isHeld = true;
  #isPaused = false;
  #isClosed = false;
  #running: Promise<void> | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#unfollow = options.log.follow(() => this.#kick());
  }

  hold(position: bigint): void {
    this.#generation += 1;
    this.#isHeld = true;
    this.#position = position;
  }

  release(): void {
    this.#isHeld = false;
    this.#kick();
  }

  revoke(): void {
    this.#generation += 1;
    this.#isHeld = true;
  }

  seek(offset: bigint): void {
    this.#generation += 1;
    this.#position = offset;
    this.#kick();
  }

  setPaused(paused: boolean): void {
    this.#isPaused = paused;
    this.#kick();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unfollow();
    await this.#running;
  }

  #canRead(): boolean {
    const { log, isAvailable } = this.#options;
    return !this.#isClosed && !this.#isHeld && !this.#isPaused && isAvailable() && this.#position !== log.high;
  }

  #kick(): void {
    if (this.#running !== undefined || !this.#canRead()) return;
    this.#running = this.#run()
      .catch((error: unknown) => {
        this.#isClosed = true;
        this.#options.onFatal(error);
      })
      .finally(() => {
        this.#running = undefined;
        this.#kick();
      });
  }

  async #run(): Promise<void> {
    const { partition, log, fetchRecords, fromBeginning, onBatch, onCommitted } = this.#options;
    await nextTurn();
    while (this.#canRead()) {
      if (this.#position < log.low || this.#position > log.high) this.#position = fromBeginning ? log.low : log.high;
      const { records, lastOffset } = log.read(this.#position, fetchRecords);
      const born = this.#generation;
      const isStale = () => born !== this.#generation;
      const heartbeat = async () => {
        if (isStale()) throw new TransientError('partition_revoked', 'another member has this partition');
      };
      const handled = await onBatch({ ...partition, records, lastOffset, highWatermark: log.high, isStale, heartbeat });
      if (!isStale() && handled) {
        this.#position = lastOffset + 1n;
        onCommitted(this.#position);
      }
      await nextTurn();
    }
  }
}
