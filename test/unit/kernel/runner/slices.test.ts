import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RawBatch } from '../../../../pipeline/broker/consumer.ts';
import { slicesOf } from '../../../../pipeline/kernel/runner/slices.ts';

const batchOf = (offsets: readonly number[], lastOffset: number): RawBatch => ({
  topic: 'in',
  partition: 0,
  records: offsets.map((offset) => ({
    offset: BigInt(offset),
    key: Buffer.from('key'),
    value: Buffer.alloc(100),
    timestampMs: 0,
    headers: {},
  })),
  lastOffset: BigInt(lastOffset),
  highWatermark: BigInt(lastOffset + 1),
  isStale: () => false,
  heartbeat: async () => undefined,
});
const offsetsOf = (batch: RawBatch, from: number, maxRecords: number, maxBytes = 1e6) =>
  slicesOf(batch, BigInt(from), { maxRecords, maxBytes }).map(({ records, next }) => [
    records.map(({ offset }) => Number(offset)),
    Number(next),
  ]);

describe('slices of a batch', () => {
  it('are cut by count, the last one passing the offsets without a record', () => {
    expect(offsetsOf(batchOf([3, 4, 7], 9), 0, 2)).toEqual([
      [[3, 4], 5],
      [[7], 10],
    ]);
  });

  it('are cut by bytes, with one record at least', () => {
    expect(offsetsOf(batchOf([0, 1, 2], 2), 0, 10, 50)).toEqual([
      [[0], 1],
      [[1], 2],
      [[2], 3],
    ]);
  });

  it('leave out what is handled already', () => {
    expect(offsetsOf(batchOf([0, 1, 2], 2), 2, 10)).toEqual([[[2], 3]]);
  });

  it('are one empty slice where no record is visible', () => {
    expect(offsetsOf(batchOf([], 5), 3, 10)).toEqual([[[], 6]]);
  });

  it('hold every record from the position on, once and in order', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 40 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 50 }), (steps, most, from) => {
        const offsets = steps.map((_, at) => steps.slice(0, at + 1).reduce((sum, step) => sum + step, 0));
        const slices = offsetsOf(batchOf(offsets, 200), from, most);
        expect(slices.flatMap(([records]) => records)).toEqual(offsets.filter((offset) => offset >= from));
        expect(slices.at(-1)?.[1]).toBe(201);
      }),
    );
  });
});
