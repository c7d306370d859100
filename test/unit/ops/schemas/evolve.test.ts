import { describe, expect, test } from 'vitest';
import { type Evolution, evolved } from '../../../../ops/schemas/evolve.ts';
import { parseFieldText } from '../../../../ops/schemas/field-text.ts';

const none: Evolution = { add: [], rename: [], remove: [], addSymbol: [] };
const schema = JSON.stringify({
  type: 'record',
  name: 'Thing',
  fields: [
    { name: 'seen', type: ['null', 'string'], default: null, aliases: ['met'] },
    { name: 'line', type: ['null', { type: 'record', name: 'Line', fields: [] }], default: null },
    { name: 'again', type: { type: 'array', items: 'Line' }, default: [] },
    { name: 'status', type: { type: 'enum', name: 'Status', symbols: ['open'], default: 'open' } },
  ],
});
const fieldsAfter = (change: Partial<Evolution>) => JSON.parse(evolved(schema, { ...none, ...change })).fields;
const add = (text: string) => ({ add: [{ text, doc: 'D.' }] });

test('several changes are made in one go: add, rename, remove, add a symbol', () => {
  const fields = fieldsAfter({
    ...add('line.note:string?'),
    rename: [{ from: 'seen', to: 'seen_by' }],
    remove: ['again'],
    addSymbol: [{ path: 'status', symbol: 'shut' }],
  });
  expect(fields).toMatchObject([
    { name: 'seen_by', aliases: ['met', 'seen'] },
    { type: ['null', { fields: [{ name: 'note', default: null, doc: 'D.' }] }] },
    { type: { symbols: ['open', 'shut'] } },
  ]);
});

test('a field that gets an old name back has it no more as an alias', () => {
  expect(fieldsAfter({ rename: [{ from: 'seen', to: 'met' }] })[0]).toMatchObject({ name: 'met', aliases: ['seen'] });
});

describe('what cannot be done is told by its place', () => {
  test.each<[string, Partial<Evolution>, RegExp]>([
    ['nothing at all', {}, /nothing to change: give --add/],
    ['a record that is not there', add('lines.note:string?'), /^lines: there is no such field; there are seen, line/],
    ['a field of a plain one', add('seen.note:string?'), /^seen: seen holds no record/],
    [
      'a field where the type is only used',
      add('again.note:string?'),
      /changed under the field where it is defined first/,
    ],
    ['a field twice', add('seen:string?'), /there is a field seen already/],
    ['a field removed that is not there', { remove: [''] }, /^\(empty\): there is no such field/],
    ['a rename onto another field', { rename: [{ from: 'seen', to: 'line' }] }, /there is a field line already/],
    ['a symbol of a text', { addSymbol: [{ path: 'seen', symbol: 'x' }] }, /its enum is not defined here/],
    ['a symbol twice', { addSymbol: [{ path: 'status', symbol: 'open' }] }, /among its symbols already/],
  ])('%s', (_, change, words) => {
    expect(() => fieldsAfter(change)).toThrow(words);
  });
});

describe('a field as text', () => {
  test.each<[string, object]>([
    ['note:string?', { type: ['null', 'string'], default: null }],
    ['rank:int=-1', { type: 'int', default: -1 }],
    ['note:string=a=b:c', { type: 'string', default: 'a=b:c' }],
    ['tags:string[]', { type: { type: 'array', items: 'string' }, default: [] }],
    ['traits:int{}', { type: { type: 'map', values: 'int' }, default: {} }],
    ['seen_at:timestamp-micros?', { type: ['null', { type: 'long', logicalType: 'timestamp-micros' }], default: null }],
    ['stars:int!', { type: 'int' }],
  ])('%s', (text, field) => {
    const { path, field: parsed } = parseFieldText(text, 'D.');
    expect([path, parsed]).toEqual([[], { name: text.slice(0, text.indexOf(':')), doc: 'D.', ...field }]);
  });

  test.each([
    ['', /^\(empty\): is no field/],
    ['note', /is no field/],
    ['größe:int=0', /is no field/],
    ['note:text?', /there is no type text/],
    ['note:string', /has no default/],
    ['rank:int=1.5', /1.5 is no int/],
    ['rank:int=2147483648', /is no int/],
    ['rank:long=9007199254740993', /is no long/],
    ['price:double=1e400', /is no double/],
    ['open:boolean=yes', /is no boolean/],
    ['tags:int[]=[1]', /has its default already/],
  ])('%s is refused', (text, words) => {
    expect(() => parseFieldText(text, 'D.')).toThrow(words);
  });
});
