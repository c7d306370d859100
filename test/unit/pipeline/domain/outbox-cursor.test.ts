import { describe, expect, it } from 'vitest';
import {
  afterFullPage,
  afterShortPage,
  isFinishedIn,
  type OutboxCursor,
  openBatch,
  pageFilter,
  parseSnapshot,
} from '../../../../pipeline/domain/outbox-cursor.ts';

const cursor = (base: string, baseFloor: bigint, holds: [bigint, bigint][] = []): OutboxCursor => ({
  base: parseSnapshot(base),
  baseFloor,
  holds: new Map(holds),
});

describe('a snapshot', () => {
  it('is read from the text that Postgres writes', () => {
    expect(parseSnapshot('10:20:')).toEqual({ xmin: 10n, xmax: 20n, xip: [], text: '10:20:' });
    expect(parseSnapshot('10:20:10,14').xip).toEqual([10n, 14n]);
  });

  it.each(['', '10:20', 'a:b:', '10:20:1,', '10:20:,1', ' 10:20:'])('is refused as %j', (text) => {
    expect(() => parseSnapshot(text)).toThrow(RangeError);
  });

  it('counts a transaction as finished below xmin, and between xmin and xmax unless it is listed', () => {
    const snapshot = parseSnapshot('10:20:10,14');
    expect([9n, 10n, 11n, 14n, 19n, 20n].map((xid) => isFinishedIn(xid, snapshot))).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });
});

describe('a batch', () => {
  it("starts at base's floor while no held transaction has finished", () => {
    const open = openBatch(cursor('10:20:10', 500n, [[10n, 100n]]), parseSnapshot('10:30:10'), 600n);
    expect(open.open?.lastSeq).toBe(500n);
  });

  it('goes back to the floor of a held transaction that has finished since', () => {
    const held = cursor('10:20:10,12', 500n, [
      [10n, 100n],
      [12n, 300n],
    ]);
    expect(openBatch(held, parseSnapshot('10:30:10'), 600n).open?.lastSeq).toBe(300n);
    expect(openBatch(held, parseSnapshot('13:30:'), 600n).open?.lastSeq).toBe(100n);
  });

  it('selects what base does not see and target does', () => {
    const open = openBatch(cursor('10:20:10', 500n, [[10n, 100n]]), parseSnapshot('20:30:'), 600n);
    expect(pageFilter(open)).toEqual({ lastSeq: 100n, base: '10:20:10', target: '20:30:' });
  });

  it('is read up to the snapshot of the reading before it is opened, from the floors of short transactions', () => {
    const holds: [bigint, bigint][] = [
      [10n, 100n],
      [12n, 4_000n],
      [13n, 4_500n],
    ];
    expect(pageFilter(cursor('10:20:10,12,13', 5_000n, holds))).toEqual({
      lastSeq: 4_000n,
      base: '10:20:10,12,13',
      target: null,
    });
  });

  it('keeps base and target over full pages and moves its position', () => {
    const next = afterFullPage(openBatch(cursor('10:20:', 5n), parseSnapshot('20:30:'), 50n), 77n);
    expect(pageFilter(next)).toEqual({ lastSeq: 77n, base: '10:20:', target: '20:30:' });
  });

  it('makes target the base when a page was short, with the floor that was proven when it was opened', () => {
    const next = afterShortPage(openBatch(cursor('10:20:', 5n), parseSnapshot('20:30:'), 50n));
    expect(next).toEqual({ base: parseSnapshot('20:30:'), baseFloor: 50n, holds: new Map() });
  });

  it('holds a transaction that is new in target at the floor of the base it was not in', () => {
    const next = afterShortPage(openBatch(cursor('10:20:', 500n), parseSnapshot('21:30:21,25'), 900n));
    expect([...next.holds]).toEqual([
      [21n, 500n],
      [25n, 500n],
    ]);
  });

  it('carries the older floor of a transaction that stays open over several batches', () => {
    const once = afterShortPage(openBatch(cursor('10:20:', 500n), parseSnapshot('21:30:21'), 900n));
    const twice = afterShortPage(openBatch(once, parseSnapshot('21:40:21,35'), 1_500n));
    expect([...twice.holds]).toEqual([
      [21n, 500n],
      [35n, 900n],
    ]);
    expect(openBatch(twice, parseSnapshot('35:50:35'), 2_000n).open?.lastSeq).toBe(500n);
  });

  it('is opened and closed in turn', () => {
    const closed = cursor('10:20:', 5n);
    const open = openBatch(closed, parseSnapshot('20:30:'), 50n);
    expect(() => openBatch(open, parseSnapshot('20:30:'), 50n)).toThrow(RangeError);
    expect(() => afterFullPage(closed, 1n)).toThrow(RangeError);
    expect(() => afterShortPage(closed)).toThrow(RangeError);
  });
});
