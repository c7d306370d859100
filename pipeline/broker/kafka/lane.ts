import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { RawBatch, RawRecord, TopicPartition } from '../consumer.ts';

/** What one fetch brought of one partition. */
export interface Fetched {
  /** Offset that was asked for. */
  readonly position: bigint;
  readonly records: readonly RawRecord[];
  readonly lastOffset: bigint;
  readonly highWatermark: bigint;
  readonly bytes: number;
}

/** What a lane needs of the driver's consumer; all of it may be called while there is none. */
export interface LaneDriver {
  setPaused(paused: boolean): void;
  seek(offset: bigint): void;
  heartbeat(): Promise<void>;
}

export interface LaneOptions {
  readonly partition: TopicPartition;
  readonly driver: LaneDriver;
  readonly log: Logger;
  /** Queued bytes above which fetching pauses until the handler takes them. */
  readonly maxQueuedBytes: number;
  onBatch(batch: RawBatch): Promise<boolean>;
  onFatal(error: unknown): void;
}

/**
 * One partition's queue between the fetch loop and its handler. The driver's fetch loop waits for the
 * slowest partition of a fetch, so handlers run here instead: a partition that waits for an outage stops
 * no other, and the loop goes on with heartbeats. What queues up while a batch runs becomes one batch.
 */
export class Lane {
  readonly #options: LaneOptions;
  #queue: Fetched[] = [];
  #queuedBytes = 0;
  /** Where the next fetch must start; undefined until one has shown it. */
  #expected: bigint | undefined;
  #jumpedTo: bigint | undefined;
  /** Rises whenever a batch in flight becomes obsolete. */
  #generation = 0;
  #hint: bigint | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #isHeld = true;
  #isPaused = false;
  #isPausedAtDriver = false;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Next offset to handle, once something was handled in this assignment. */
  get hint(): bigint | undefined {
    return this.#hint;
  }

  offer(fetched: Fetched): void {
    if (this.#isClosed || this.#isHeld || this.#isPaused || !this.#continues(fetched)) return;
    this.#queue.push(fetched);
    this.#expected = fetched.lastOffset + 1n;
    this.#queuedBytes += fetched.bytes;
    this.#applyPause();
    this.#kick();
  }

  /** A fetch brought only entries without a visible record (markers, compacted away), up to `lastOffset`. */
  offerNothing(lastOffset: bigint, highWatermark: bigint): void {
    const position = this.#expected ?? lastOffset;
    if (lastOffset >= position) this.offer({ position, records: [], lastOffset, highWatermark, bytes: 0 });
  }

  /** Not ours, or not yet: forgets what is queued; a batch in flight turns stale and its result is ignored. */
  hold(): void {
    this.#generation += 1;
    this.#clear();
    this.#expected = undefined;
    this.#jumpedTo = undefined;
    this.#hint = undefined;
    this.#isHeld = true;
    this.#applyPause();
  }

  /** The driver has joined anew, with this partition: whatever it was told before may be void. */
  assign(): void {
    this.#isPausedAtDriver = false;
    this.hold();
  }

  /** After `assign`, once the owner is ready for batches. */
  release(): void {
    this.#isHeld = false;
    this.#applyPause();
  }

  seek(offset: bigint): void {
    this.#jumpedTo = undefined;
    this.#moveTo(offset);
  }

  /** A batch in flight goes on; what is queued behind it is fetched again later. */
  pause(): void {
    this.#isPaused = true;
    const [first] = this.#queue;
    if (first !== undefined) {
      this.#clear();
      this.#expected = first.position;
      this.#options.driver.seek(first.position);
    }
    this.#applyPause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#applyPause();
  }

  /** Resolves when no batch is in flight; nothing starts afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#clear();
    await this.#running;
  }

  /** False where the fetch did not start where the last one ended and asking once more may mend that. */
  #continues({ position }: Fetched): boolean {
    const expected = this.#expected;
    if (expected === undefined || position === expected) {
      this.#jumpedTo = undefined;
      return true;
    }
    if (this.#jumpedTo === position) {
      const gap = { ...this.#options.partition, from: expected.toString(), to: position.toString() };
      this.#options.log.warn(gap, 'the log does not hold these offsets');
      this.#jumpedTo = undefined;
      return true;
    }
    this.#jumpedTo = position;
    this.#options.driver.seek(expected);
    return false;
  }

  #kick(): void {
    if (this.#running === undefined && this.#queue.length > 0 && !this.#isClosed) this.#running = this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (this.#queue.length > 0 && !this.#isClosed) await this.#handleQueued();
    } catch (error) {
      this.#isClosed = true;
      this.#options.log.error({ ...this.#options.partition, error: messageOf(error) }, 'a batch handler threw');
      this.#options.onFatal(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #handleQueued(): Promise<void> {
    const queue = this.#queue;
    const [first] = queue;
    const last = queue.at(-1);
    if (first === undefined || last === undefined) return;
    this.#clear();
    this.#applyPause();
    const born = this.#generation;
    const handled = await this.#options.onBatch({
      ...this.#options.partition,
      records: queue.length === 1 ? first.records : queue.flatMap(({ records }) => records),
      lastOffset: last.lastOffset,
      highWatermark: last.highWatermark,
      isStale: () => born !== this.#generation,
      heartbeat: () => this.#options.driver.heartbeat(),
    });
    if (born !== this.#generation) return;
    if (handled) this.#hint = last.lastOffset + 1n;
    else this.#moveTo(first.position);
  }

  #moveTo(offset: bigint): void {
    this.#generation += 1;
    this.#clear();
    this.#expected = offset;
    this.#options.driver.seek(offset);
    this.#applyPause();
  }

  #clear(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  #applyPause(): void {
    const wanted = this.#isHeld || this.#isPaused || this.#queuedBytes > this.#options.maxQueuedBytes;
    if (wanted === this.#isPausedAtDriver) return;
    this.#isPausedAtDriver = wanted;
    this.#options.driver.setPaused(wanted);
  }
}
