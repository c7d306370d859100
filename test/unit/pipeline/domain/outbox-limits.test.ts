import { describe, expect, it } from 'vitest';
import { type Exceeded, judgeOutbox, type OutboxReading } from '../../../../pipeline/domain/outbox-limits.ts';

const limits = { unpublishedRecords: 1_000 };

/** Judges one reading a second, each with what came before it. */
function judgeAll(values: readonly number[]): (readonly Exceeded[])[] {
  let before: OutboxReading | undefined;
  let exceeded: readonly Exceeded[] = [];
  return values.map((unpublishedRecords, second) => {
    const now = { at: second * 1_000, values: { unpublishedRecords } };
    exceeded = judgeOutbox(limits, now, before, exceeded);
    before = now;
    return exceeded;
  });
}

const closed = (values: readonly number[]) => judgeAll(values).map((exceeded) => exceeded.length > 0);
const retries = (values: readonly number[]) => judgeAll(values).map(([one]) => one?.retryAfterSeconds);

describe('an outbox over a limit', () => {
  it('is refused above the limit, not at it', () => {
    expect(closed([0, 999, 1_000, 1_001])).toEqual([false, false, false, true]);
  });

  it('is taken again a tenth below, so that the door does not open and shut with every row', () => {
    expect(closed([1_001, 1_000, 901, 900, 1_000, 1_001])).toEqual([true, true, true, false, false, true]);
  });

  it('says when to come back from how fast it is published', () => {
    expect(retries([2_000, 1_900, 1_800, 910])).toEqual([30, 10, 9, 1]);
  });

  it('says half a minute where nothing is published, and never more', () => {
    expect(retries([2_000, 2_000, 2_100, 2_099])).toEqual([30, 30, 30, 30]);
  });

  it('stays as it was where a measure was not taken', () => {
    const before = { at: 0, values: { unpublishedRecords: 2_000 } };
    const exceeded = judgeOutbox(limits, before, undefined, []);
    expect(judgeOutbox(limits, { at: 1_000, values: {} }, before, exceeded)).toEqual(exceeded);
    expect(judgeOutbox(limits, { at: 1_000, values: {} }, before, [])).toEqual([]);
  });

  it('has no limit where none was given', () => {
    const values = { unpublishedRecords: 5_000, oldestAgeMs: 1e9, outboxBytes: 1e15, databaseBytes: 1e15 };
    expect(judgeOutbox({}, { at: 0, values }, undefined, [])).toEqual([]);
  });

  it('names every limit that is passed, each with its own way back', () => {
    const all = { unpublishedRecords: 10, oldestAgeMs: 1_000, outboxBytes: 100, databaseBytes: 200 };
    const values = { unpublishedRecords: 11, oldestAgeMs: 1_001, outboxBytes: 101, databaseBytes: 200 };
    const exceeded = judgeOutbox(all, { at: 0, values }, undefined, []);
    expect(exceeded.map(({ measure, limit }) => [measure, limit])).toEqual([
      ['unpublishedRecords', 10],
      ['oldestAgeMs', 1_000],
      ['outboxBytes', 100],
    ]);
  });
});
