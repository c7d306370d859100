import { expect, test } from 'vitest';
import { lostValues } from '../../../../ops/schemas/lost-values.ts';

const field = (name: string, type: unknown = ['null', 'string'], ...aliases: string[]) => ({
  name,
  type,
  default: null,
  ...(aliases.length > 0 && { aliases }),
});
const record = (...fields: unknown[]) => JSON.stringify({ type: 'record', name: 'Thing', fields });
const line = (...fields: unknown[]) => ['null', { type: 'record', name: 'Line', fields }];
const found = (now: string, ...older: string[]) =>
  lostValues(now, older.at(-1) as string, older).map(({ path, rule }) => `${path} ${rule}`);

test('a field that looks renamed needs its alias', () => {
  expect(found(record(field('memo')), record(field('note')))).toEqual(['memo alias-on-rename']);
  expect(found(record(field('memo', undefined, 'note')), record(field('note')))).toEqual([]);
  expect(found(record(field('memo', ['null', 'int'])), record(field('note')))).toEqual([]);
});

test('a field renamed in a record whose own field is renamed is seen too', () => {
  const before = record(field('line', line(field('note'))));
  expect(found(record(field('row', line(field('memo')), 'line')), before)).toEqual(['row.memo alias-on-rename']);
});

test('an alias that older records need is kept, also where the way to it was renamed since', () => {
  const first = record(field('line', line(field('note'))));
  const second = record(field('row', line(field('memo', undefined, 'note')), 'line'));
  expect(found(record(field('row', line(field('memo')), 'line')), first, second)).toEqual(['row.memo alias-kept']);
  expect(found(second, first, second)).toEqual([]);
});

test('an alias that no recorded version has as a name may go', () => {
  const before = record(field('memo', undefined, 'draft'));
  expect(found(record(field('memo')), before)).toEqual([]);
});

test('a record used twice is told of once, and one that holds itself ends', () => {
  const node = (name: string) => line(field(name), field('next', ['null', 'Line']));
  const both = (name: string) => record(field('a', node(name)), field('b', ['null', 'Line']));
  expect(found(both('memo'), both('note'))).toEqual(['a.memo alias-on-rename']);
});
