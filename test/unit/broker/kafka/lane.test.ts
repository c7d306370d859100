import { describe, expect, it } from 'vitest';
import type { RawBatch } from '../../../../pipeline/broker/consumer.ts';
import { type Fetched, Lane } from '../../../../pipeline/broker/kafka/lane.ts';
import { createLogger } from '../../../../pipeline/kernel/logger.ts';
import { eventually } from '../../../support/eventually.ts';

const fetched = (position: number, count: number, bytes = 10): Fetched => ({
  position: BigInt(position),
  records: Array.from({ length: count }, (_, at) => ({
    offset: BigInt(position + at),
    key: null,
    value: null,
    timestampMs: 0,
    headers: {},
  })),
  lastOffset: BigInt(position + count - 1),
  highWatermark: 1_000n,
  bytes,
});

/** A lane whose batches wait to be answered, and what it told its driver. */
function setUp() {
  const told: string[] = [];
  const batches: { readonly batch: RawBatch; answer(handled: boolean): void }[] = [];
  const fatal: unknown[] = [];
  const lane = new Lane({
    partition: { topic: 'in', partition: 0 },
    log: createLogger('fatal'),
    maxQueuedBytes: 100,
    driver: {
      setPaused: (paused) => told.push(paused ? 'pause' : 'resume'),
      seek: (offset) => told.push(`seek ${offset}`),
      heartbeat: async () => undefined,
    },
    onBatch: (batch) => {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      batches.push({ batch, answer: resolve });
      return promise;
    },
    onFatal: (error) => fatal.push(error),
  });
  lane.assign();
  const offsets = () => batches.map(({ batch }) => batch.records.map(({ offset }) => Number(offset)));
  return { lane, told, batches, fatal, offsets };
}

describe('a partition between fetch loop and handler', () => {
  it('is paused until it is released, and takes nothing before', () => {
    const { lane, told, batches } = setUp();
    lane.offer(fetched(0, 2));
    expect([told, batches]).toEqual([['pause'], []]);
    lane.release();
    expect(told).toEqual(['pause', 'resume']);
  });

  it('makes one batch of what queues up while another is handled', async () => {
    const { lane, batches, offsets } = setUp();
    lane.release();
    for (const position of [0, 2, 4]) lane.offer(fetched(position, 2));
    expect(offsets()).toEqual([[0, 1]]);
    batches[0]?.answer(true);
    await eventually(() =>
      expect(offsets()).toEqual([
        [0, 1],
        [2, 3, 4, 5],
      ]),
    );
    batches[1]?.answer(true);
    await eventually(() => expect(lane.hint).toBe(6n));
  });

  it('pauses fetching while too much is queued', async () => {
    const { lane, told, batches } = setUp();
    lane.release();
    lane.offer(fetched(0, 1));
    lane.offer(fetched(1, 1, 101));
    expect(told.at(-1)).toBe('pause');
    batches[0]?.answer(true);
    await eventually(() => expect(told.at(-1)).toBe('resume'));
  });

  it('goes back to the start of a batch that was not handled', async () => {
    const { lane, told, batches } = setUp();
    lane.release();
    lane.offer(fetched(5, 2));
    lane.offer(fetched(7, 2));
    batches[0]?.answer(false);
    await eventually(() => expect(told.at(-1)).toBe('seek 5'));
    lane.offer(fetched(5, 4));
    expect(batches[1]?.batch.records).toHaveLength(4);
  });

  it('asks once more where a fetch does not go on where the last one ended, then believes in the gap', () => {
    const { lane, told, batches } = setUp();
    lane.release();
    lane.seek(10n);
    lane.offer(fetched(40, 1));
    expect([told.at(-1), batches]).toEqual(['seek 10', []]);
    lane.offer(fetched(40, 1));
    expect(batches).toHaveLength(1);
  });

  it('takes no leftover of another position for a gap', () => {
    const { lane, batches } = setUp();
    lane.release();
    lane.seek(10n);
    lane.offer(fetched(40, 1));
    lane.offer(fetched(10, 1));
    expect(batches.map(({ batch }) => batch.lastOffset)).toEqual([10n]);
  });

  it('passes offsets that hold nothing as a batch without records', () => {
    const { lane, batches } = setUp();
    lane.release();
    lane.seek(10n);
    lane.offerNothing(12n, 13n);
    expect(batches[0]?.batch).toMatchObject({ records: [], lastOffset: 12n, highWatermark: 13n });
    lane.offerNothing(12n, 13n);
    expect(batches).toHaveLength(1);
  });

  it('ignores the result of a batch that a new assignment made stale', async () => {
    const { lane, told, batches } = setUp();
    lane.release();
    lane.offer(fetched(0, 1));
    lane.assign();
    expect(batches[0]?.batch.isStale()).toBe(true);
    lane.seek(0n);
    lane.release();
    lane.offer(fetched(0, 1));
    batches[0]?.answer(true);
    await eventually(() => expect(batches).toHaveLength(2));
    expect(lane.hint).toBeUndefined();
    expect(told).not.toContain('seek 1');
  });

  it('keeps what is queued behind a batch for after a pause', async () => {
    const { lane, told, batches, offsets } = setUp();
    lane.release();
    lane.offer(fetched(0, 1));
    lane.offer(fetched(1, 1));
    lane.pause();
    expect(told.slice(-2)).toEqual(['seek 1', 'pause']);
    batches[0]?.answer(true);
    await eventually(() => expect(lane.hint).toBe(1n));
    lane.resume();
    lane.offer(fetched(1, 1));
    expect(offsets()).toEqual([[0], [1]]);
  });

  it('goes back to a batch that fails after a pause, not to what was queued behind it', async () => {
    const { lane, told, batches } = setUp();
    lane.release();
    lane.offer(fetched(0, 1));
    lane.offer(fetched(1, 1));
    lane.pause();
    batches[0]?.answer(false);
    await eventually(() => expect(told.at(-1)).toBe('seek 0'));
  });
});
