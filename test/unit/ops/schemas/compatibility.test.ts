import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { incompatibilities } from '../../../../ops/schemas/compatibility.ts';
import { avroSchema } from '../../../../schemas/generated/avro.ts';
import { avroTopics } from '../../../../schemas/topics.ts';

const record = (fields: unknown[], rest: object = {}) =>
  JSON.stringify({ type: 'record', name: 'Thing', namespace: 'freshet', fields, ...rest });
const of = (type: unknown, rest: object = {}) => record([{ name: 'x', type, ...rest }]);
const status = (symbols: string[], rest: object = {}) => ({ type: 'enum', name: 'Status', symbols, ...rest });

test('every schema can be read as itself', () => {
  for (const { schema } of avroTopics) expect(incompatibilities(schema.json, schema.json)).toEqual([]);
});

describe('what Avro resolves is compatible', () => {
  test.each<[string, string, string]>([
    ['a new field with a default', of('int', { default: 0 }), record([])],
    ['a field the reader does not know', record([]), of('int')],
    ['an int read as long', of('long'), of('int')],
    ['a value read as nullable', of(['null', 'string']), of('string')],
    ['a new symbol where the enum has a default', of(status(['a'], { default: 'a' })), of(status(['a', 'b']))],
    ['a field renamed with an alias', record([{ name: 'y', type: 'int', aliases: ['x'] }]), of('int')],
    ['a record renamed with an alias', record([], { aliases: ['Old'] }), record([], { name: 'Old' })],
  ])('%s', (_, reader, writer) => {
    expect(incompatibilities(reader, writer)).toEqual([]);
  });
});

describe('what Avro cannot resolve is named by path', () => {
  test.each<[string, string, string, string, RegExp]>([
    ['a new field without default', of('int'), record([]), 'x', /no default/],
    ['another type', of('string'), of('int'), 'x', /written as int, is read as string/],
    ['a long read as int', of('int'), of('long'), 'x', /written as long/],
    ['null where the reader has no null', of('string'), of(['null', 'string']), 'x', /written as null/],
    ['a new symbol without default', of(status(['a'])), of(status(['a', 'b'])), 'x', /may hold b/],
    ['a renamed record', record([]), record([], { name: 'Old' }), '', /freshet.Old/],
    [
      'micros where millis were',
      of({ type: 'long', logicalType: 'timestamp-micros' }),
      of({ type: 'long', logicalType: 'timestamp-millis' }),
      'x',
      /timestamp-millis, is read as timestamp-micros/,
    ],
    [
      'a field inside a nullable record inside an array',
      of({ type: 'array', items: ['null', { type: 'record', name: 'Line', fields: [{ name: 'id', type: 'int' }] }] }),
      of({ type: 'array', items: ['null', { type: 'record', name: 'Line', fields: [] }] }),
      'x[].id',
      /no default/,
    ],
  ])('%s', (...[, reader, writer, path, problem]) => {
    expect(incompatibilities(reader, writer)).toMatchObject([{ path, problem: expect.stringMatching(problem) }]);
  });

  test('types that contain themselves end', () => {
    const tree = (leaf: string) =>
      record([
        { name: 'leaf', type: leaf },
        { name: 'children', type: { type: 'array', items: 'freshet.Thing' } },
      ]);
    expect(incompatibilities(tree('int'), tree('int'))).toEqual([]);
    expect(incompatibilities(tree('int'), tree('string'))).toMatchObject([{ path: 'leaf' }]);
  });
});

test('agrees with what the reader does, for schemas made at random', () => {
  const primitive = fc.constantFrom('int', 'long', 'double', 'string', 'bytes', 'boolean');
  const enumOf = fc
    .tuple(fc.subarray(['a', 'b', 'c'], { minLength: 1 }), fc.boolean())
    .map(([symbols, hasDefault]) => status(symbols, hasDefault ? { default: symbols[0] } : {}));
  const plain = fc.oneof({ weight: 3, arbitrary: primitive }, enumOf);
  const type = fc.oneof(
    plain,
    plain.map((one) => ['null', one]),
    primitive.map((items) => ({ type: 'array', items })),
    primitive.map((values) => ({ type: 'map', values })),
  );
  const nullable = (one: unknown) => Array.isArray(one);
  const fieldNamed = (name: string) =>
    type.map((one) => ({ name, type: one, ...(nullable(one) ? { default: null } : {}) }));
  const anySchema = fc
    .tuple(fc.option(fieldNamed('first')), fc.option(fieldNamed('second')))
    .map((fields) => fields.filter((one) => one !== null))
    // Two enums of one name in one record are no schema.
    .filter((fields) => (JSON.stringify(fields).match(/"Status"/g) ?? []).length < 2)
    .map((fields) => record(fields));
  fc.assert(
    fc.property(anySchema, anySchema, (reader, writer) => {
      let resolves = true;
      try {
        avroSchema(reader).readerFor(writer);
      } catch {
        resolves = false;
      }
      expect(incompatibilities(reader, writer).length === 0).toBe(resolves);
    }),
    { numRuns: 3_000 },
  );
});
