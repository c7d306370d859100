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
export interface Lane {
  offer(fetched: Fetched): void;
  /** A fetch brought only entries without a visible record (markers, compacted away), up to `lastOffset`. */
  offerNothing(lastOffset: bigint, highWatermark: bigint): void;
  /** Forgets everything queued and holds the partition until `release`. */
  hold(): void;
  release(): void;
  /** Not ours any more: a batch in flight turns stale, its result is ignored. */
  revoke(): void;
  seek(offset: bigint): void;
  pause(): void;
  resume(): void;
  /** Next offset to handle, once something was handled in this assignment. */
  hint(): bigint | undefined;
  /** Resolves when no batch is in flight; nothing starts afterwards. */
  close(): Promise<void>;
  /** The driver's consumer is a new one that knows of no pause. */
  driverReplaced(): void;
}

export function createLane({ partition, driver, log, maxQueuedBytes, onBatch, onFatal }: LaneOptions): Lane {
  let queue: Fetched[] = [];
  let queuedBytes = 0;
  let expected: bigint | undefined;
  let jumpedTo: bigint | undefined;
  let generation = 0;
  let hint: bigint | undefined;
  let running: Promise<void> | undefined;
  let closed = false;
  const holds = { assignment: true, user: false, full: false };
  let pausedAtDriver = false;

  const applyPause = () => {
    const wanted = holds.assignment || holds.user || holds.full;
    if (wanted === pausedAtDriver) return;
    pausedAtDriver = wanted;
    driver.setPaused(wanted);
  };
  const clear = () => {
    queue = [];
    queuedBytes = 0;
    holds.full = false;
  };
  const moveTo = (offset: bigint) => {
    generation += 1;
    clear();
    expected = offset;
    driver.seek(offset);
    applyPause();
  };
  const reset = () => {
    generation += 1;
    clear();
    expected = undefined;
    jumpedTo = undefined;
    hint = undefined;
    holds.assignment = true;
  };

  /** False where the fetch did not start where the last one ended and asking again may mend that. */
  const continues = (fetched: Fetched): boolean => {
    if (expected === undefined || fetched.position === expected) {
      jumpedTo = undefined;
      return true;
    }
    if (jumpedTo === fetched.position) {
      log.warn({ ...partition, from: expected.toString(), to: jumpedTo.toString() }, 'the log does not hold these offsets');
      jumpedTo = undefined;
      return true;
    }
    jumpedTo = fetched.position;
    driver.seek(expected);
    return false;
  };

  const runOne = async () => {
    const [first] = queue;
    const last = queue.at(-1);
    if (first === undefined || last === undefined) return;
    const records = queue.length === 1 ? first.records : queue.flatMap((fetched) => fetched.records);
    clear();
    applyPause();
    const born = generation;
    const handled = await onBatch({
      ...partition,
      records,
      lastOffset: last.lastOffset,
      highWatermark: last.highWatermark,
      isStale: () => born !== generation,
      heartbeat: () => driver.heartbeat(),
    });
    if (born !== generation) return;
    if (handled) hint = last.lastOffset + 1n;
    else moveTo(first.position);
  };
  const run = async () => {
    try {
      while (queue.length > 0 && !closed && !holds.user && !holds.assignment) await runOne();
    } catch (error) {
      closed = true;
      log.error({ ...partition, error: messageOf(error) }, 'a batch handler threw');
      onFatal(error);
    } finally {
      running = undefined;
    }
  };
  const kick = () => {
    if (running === undefined && queue.length > 0 && !closed) running = run();
  };

  const offer = (fetched: Fetched) => {
    if (closed || holds.assignment || holds.user || !continues(fetched)) return;
    queue.push(fetched);
    expected = fetched.lastOffset + 1n;
    queuedBytes += fetched.bytes;
    if (queuedBytes > maxQueuedBytes) holds.full = true;
    applyPause();
    kick();
  };

  return {
    offer,
    offerNothing: (lastOffset, highWatermark) =>
      offer({ position: expected ?? lastOffset, records: [], lastOffset, highWatermark, bytes: 0 }),
    hold() {
      reset();
      applyPause();
    },
    release() {
      holds.assignment = false;
      applyPause();
      kick();
    },
    revoke: reset,
    seek(offset) {
      jumpedTo = undefined;
      moveTo(offset);
    },
    pause() {
      holds.user = true;
      const [first] = queue;
      if (first !== undefined) {
        clear();
        expected = first.position;
        driver.seek(first.position);
      }
      applyPause();
    },
    resume() {
      holds.user = false;
      applyPause();
    },
    hint: () => hint,
    async close() {
      closed = true;
      clear();
      await running;
    },
    driverReplaced() {
      pausedAtDriver = false;
    },
  };
}
