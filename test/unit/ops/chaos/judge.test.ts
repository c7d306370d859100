import { describe, expect, it } from 'vitest';
import {
  type CommittedRow,
  type CursorPosition,
  Judge,
  type PublishedRecord,
  setBack,
  violationsOf,
} from '../../../../ops/chaos/judge.ts';

/** `a3` is the row with seq 3 of key `a`. */
const row = (id: string): CommittedRow => ({
  id,
  seq: BigInt(id.slice(1)),
  shard: 0,
  topic: 't',
  key: id[0] as string,
});
const record = (id: string, appendedAt = 0): PublishedRecord => ({ id, topic: 't', appendedAt });
const range = (count: number) => Array.from({ length: count }, (_, at) => `a${at + 1}`);

/** The verdict on one log of an outbox. */
function judged(committed: readonly string[], published: readonly string[], inFlightRecords = 3) {
  const judge = new Judge({ inFlightRecords });
  judge.addCommitted(committed.map(row));
  return judge.judge(published.map((id) => record(id)));
}
const wrong = (...args: Parameters<typeof judged>) => violationsOf(judged(...args), { mayRepeat: true });

describe('the judge of a chaos run', () => {
  it('finds nothing where every row was published once in order', () => {
    expect(judged(range(9), range(9))).toEqual({
      lost: [],
      ghosts: [],
      duplicates: 0,
      strays: [],
      late: [],
      misordered: [],
    });
  });

  it('finds a row that was never published', () => {
    expect(judged(['a1', 'a2', 'a3'], ['a1', 'a3']).lost).toEqual(['a2']);
    expect(wrong(['a1', 'a2', 'a3'], ['a1', 'a3'])).toEqual(['lost 1 (a2)']);
  });

  it('finds a record whose transaction never committed, and one in the wrong topic', () => {
    expect(judged(['a1'], ['a1', 'a2']).ghosts).toEqual(['a2']);
    const judge = new Judge({ inFlightRecords: 3 });
    judge.addCommitted([row('a1')]);
    const verdict = judge.judge([{ id: 'a1', topic: 'other', appendedAt: 0 }]);
    expect(verdict).toMatchObject({ ghosts: ['a1'], lost: ['a1'] });
  });

  it('finds records of a key that change places, not those of different keys', () => {
    expect(judged(['a1', 'a2', 'a3'], ['a1', 'a3', 'a2']).misordered).toEqual(['a3 before a2']);
    expect(judged(['a1', 'b2'], ['b2', 'a1']).misordered).toEqual([]);
  });

  it('counts a page that is sent again, and does not mind its order', () => {
    const verdict = judged(range(5), ['a1', 'a2', 'a3', 'a2', 'a3', 'a4', 'a5']);
    expect(verdict).toMatchObject({ duplicates: 2, strays: [], misordered: [] });
    expect(violationsOf(verdict, { mayRepeat: true })).toEqual([]);
    expect(violationsOf(verdict, { mayRepeat: false })).toEqual(['2 repeated though nothing crashed']);
  });

  it('finds the page of a relay that overslept, behind those of its successor', () => {
    const published = [...range(2), ...range(9).slice(2), 'a3', 'a4'];
    expect(judged(range(9), published).strays).toEqual(['a3', 'a4']);
  });

  it('finds what is repeated after a relay was woken, however near', () => {
    const judge = new Judge({ inFlightRecords: 3 });
    judge.addCommitted(['a1', 'a2'].map(row));
    const verdict = judge.judge([record('a1', 10), record('a2', 20), record('a2', 29), record('a2', 31)], 30);
    expect(verdict).toMatchObject({ duplicates: 2, strays: [], late: ['a2'] });
    expect(violationsOf(verdict, { mayRepeat: true })).toHaveLength(1);
  });

  it('remembers earlier rounds', () => {
    const judge = new Judge({ inFlightRecords: 3 });
    judge.addCommitted(range(5).map(row));
    judge.judge(range(4).map((id) => record(id)));
    judge.addCommitted([row('a6')]);
    expect(judge.judge([record('a6'), record('a1')])).toMatchObject({
      lost: ['a5'],
      duplicates: 1,
      strays: ['a1'],
      misordered: [],
    });
    expect(judge.judge([record('a5')])).toMatchObject({ lost: [], misordered: ['a6 before a5'] });
  });
});

describe('a stored cursor', () => {
  const at = (change: Partial<CursorPosition>): CursorPosition => ({
    shard: 3,
    epoch: 4n,
    baseXmax: 100n,
    target: '100:110:',
    lastSeq: 50n,
    ...change,
  });

  it.each([
    ['within its batch', at({ lastSeq: 60n })],
    ['to a new batch', at({ baseXmax: 110n, target: null, lastSeq: 0n })],
    ['to another target of the same base', at({ target: '100:120:', lastSeq: 10n })],
    ['not at all', at({})],
  ])('may move %s', (_, later) => {
    expect(setBack(at({}), later)).toBeUndefined();
  });

  it.each([
    ['its epoch', at({ epoch: 3n, lastSeq: 60n }), 'shard 3: epoch 4 → 3'],
    ['its base', at({ epoch: 5n, baseXmax: 90n }), 'shard 3: base 100 → 90'],
    ['its place in the batch', at({ lastSeq: 40n }), 'shard 3: seq 50 → 40'],
  ])('must not set back %s', (_, later, words) => {
    expect(setBack(at({}), later)).toBe(words);
  });
});
