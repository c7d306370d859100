import type { TopicPartition } from '../../broker/consumer.ts';
import type { Position } from './ports.ts';

/** One assignment of one partition to this process: from the claim of its offset to the next assignment. */
export class Session {
  readonly partition: TopicPartition;
  readonly #ended = new AbortController();
  position: Position;
  /** End of the log as last seen. */
  highWatermark: bigint;
  /** Set where a compare-and-set failed: somebody else may own the partition. */
  isSuspect = false;
  /** What the partition waits for just now. */
  waitingFor: string | undefined;

  constructor(partition: TopicPartition, position: Position, highWatermark: bigint) {
    this.partition = partition;
    this.position = position;
    this.highWatermark = highWatermark;
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Ends waiting; what is in flight fails at its compare-and-set. */
  end(): void {
    this.#ended.abort();
  }

  lag(): number {
    return Math.max(0, Number(this.highWatermark - this.position.nextOffset));
  }
}
