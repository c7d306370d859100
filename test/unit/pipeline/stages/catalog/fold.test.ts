import { describe, expect, it } from 'vitest';
import { foldBatch, keyParts, type Reading } from '../../../../../pipeline/stages/catalog/fold.ts';

interface Document {
  readonly id: string;
  readonly revision: number;
}

const reading: Reading<Document, { id: string }, Document> = {
  ref: (key) => (key === 'bad' ? 'no such key' : { id: key }),
  document: (value) => (value.id === '' ? 'id is empty' : value),
  refOf: ({ id }) => ({ id }),
};

const fold = (...records: [key: string | null, value: Document | null][]) =>
  foldBatch(
    records.map(([key, value], i) => ({
      topic: 't',
      partition: 0,
      offset: BigInt(i),
      key: key === null ? null : Buffer.from(key),
      value,
      timestampMs: 0,
    })),
    reading,
  );

describe('a batch of a compacted topic', () => {
  it('comes to the newest document a key', () => {
    const { changes } = fold(
      ['a', { id: 'a', revision: 1 }],
      ['b', { id: 'b', revision: 7 }],
      ['a', { id: 'a', revision: 2 }],
    );
    expect(changes).toEqual([
      { ref: { id: 'a' }, document: { id: 'a', revision: 2 }, deleted: false },
      { ref: { id: 'b' }, document: { id: 'b', revision: 7 }, deleted: false },
    ]);
  });

  it('keeps the document that a tombstone deletes, so that its row can be there', () => {
    const { changes } = fold(['a', { id: 'a', revision: 1 }], ['a', null]);
    expect(changes).toEqual([{ ref: { id: 'a' }, document: { id: 'a', revision: 1 }, deleted: true }]);
  });

  it('brings back what is written after its tombstone', () => {
    const { changes } = fold(['a', { id: 'a', revision: 1 }], ['a', null], ['a', { id: 'a', revision: 3 }]);
    expect(changes).toEqual([{ ref: { id: 'a' }, document: { id: 'a', revision: 3 }, deleted: false }]);
  });

  it('passes over a redelivered older revision', () => {
    const { changes } = fold(['a', { id: 'a', revision: 5 }], ['a', { id: 'a', revision: 4 }]);
    expect(changes).toMatchObject([{ document: { revision: 5 } }]);
  });

  it('answers an outcome a record', () => {
    const { outcomes, changes } = fold(['a', { id: '', revision: 1 }], ['bad', null], [null, null], ['a', null]);
    expect(outcomes).toEqual([
      { kind: 'dead-letter', reason: 'invalid', message: 'id is empty' },
      { kind: 'skip', reason: 'unreadable_key' },
      { kind: 'skip', reason: 'unreadable_key' },
      { kind: 'done' },
    ]);
    expect(changes).toHaveLength(1);
  });
});

it('splits keys at the first separators only, for ids may hold them', () => {
  expect(keyParts('ns|a|b', 2)).toEqual(['ns', 'a|b']);
  expect(keyParts('ns|settings|a|b', 3)).toEqual(['ns', 'settings', 'a|b']);
  expect(keyParts('ns', 2)).toBeUndefined();
});
