import type { TopicPartition } from '../../broker/consumer.ts';
import type { Position } from './ports.ts';

/** One assignment of one partition to this process: from the claim of its offset to the next assignment. */
export class Session {
  readonly partition: TopicPartition;
  readonly #ended = new AbortController();
  position: Position;
  /** End of the log as last seen. */
  highWatermark: bigint;
  /** When the next record was written, as far as that is known; undefined where there is none. */
  #nextWrittenMs: number | undefined;
  /** Since when it has been waiting here. */
  #waitingSinceMs: number | undefined;
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

  /** The next record is at hand. */
  holds(writtenMs: number, now: number): void {
    this.#nextWrittenMs = writtenMs;
    this.#waitingSinceMs ??= now;
  }

  /** Records up to one written at `writtenMs` are handled: what is next is not read yet, but no older. */
  passed(writtenMs: number | undefined, now: number): void {
    this.#nextWrittenMs = this.lag() > 0 ? (writtenMs ?? now) : undefined;
    this.#waitingSinceMs = this.lag() > 0 ? now : undefined;
  }

  /** The log reaches to `high` at least. A record that nobody has read yet is as old as the first look at its place. */
  sees(high: bigint, now: number): void {
    if (high > this.highWatermark) this.highWatermark = high;
    if (this.lag() === 0) return;
    this.#nextWrittenMs ??= now;
    this.#waitingSinceMs ??= now;
  }

  lagSeconds(now: number): number {
    return this.lag() === 0 || this.#nextWrittenMs === undefined ? 0 : Math.max(0, now - this.#nextWrittenMs) / 1_000;
  }

  stalledSeconds(now: number): number {
    return this.lag() === 0 || this.#waitingSinceMs === undefined ? 0 : Math.max(0, now - this.#waitingSinceMs) / 1_000;
  }

  lag(): number {
    return Math.max(0, Number(this.highWatermark - this.position.nextOffset));
  }
}
