import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { incompatibilities, isAvros } from '../../../../ops/schemas/compatibility.ts';
import { levelMismatches } from '../../../../ops/schemas/compatibility-level.ts';
import { avroSchema } from '../../../../schemas/generated/avro.ts';
import { avroTopics } from '../../../../schemas/topics.ts';
import { schemaVersions } from '../../../support/avro-schemas.ts';

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

  test('a namespace alone, which Avro resolves and readers here do not, and the other way round with an alias', () => {
    const [mine, other] = [record([]), record([], { namespace: 'elsewhere' })];
    expect(incompatibilities(mine, other)).toMatchObject([{ path: '', mismatch: 'namespace-changed' }]);
    expect(incompatibilities(mine, other).filter(isAvros)).toEqual([]);
    expect(incompatibilities(record([], { aliases: ['elsewhere.Thing'] }), other)).toEqual([]);
  });

  test('a type of the same short name in another namespace is another type', () => {
    const line = (namespace: string, type: string) => ({
      type: 'record',
      name: 'Line',
      namespace,
      fields: [{ name: 'id', type }],
    });
    const both = (first: string, second: string) =>
      record([
        { name: 'a', type: line('one', first) },
        { name: 'b', type: line('two', second) },
        { name: 'c', type: 'two.Line' },
      ]);
    expect(incompatibilities(both('int', 'string'), both('int', 'string'))).toEqual([]);
    expect(incompatibilities(both('int', 'string'), both('int', 'int')).map(({ path }) => path)).toEqual([
      'b.id',
      'c.id',
    ]);
  });

  test('a field that two of the writer are read as', () => {
    const reader = record([{ name: 'y', type: 'int', aliases: ['x'] }]);
    const writer = record([
      { name: 'x', type: 'int' },
      { name: 'y', type: 'int' },
    ]);
    expect(incompatibilities(reader, writer)).toMatchObject([{ path: 'y', mismatch: 'alias-ambiguous' }]);
  });

  test.each([
    ['another scale', { precision: 9, scale: 2 }, { precision: 9, scale: 4 }],
    ['another precision', { precision: 9, scale: 2 }, { precision: 12, scale: 2 }],
  ])('a decimal of %s', (_, one, other) => {
    const decimal = (of_: object) => of({ type: 'bytes', logicalType: 'decimal', ...of_ });
    expect(incompatibilities(decimal(one), decimal(other))).toMatchObject([{ path: 'x', mismatch: 'meaning-changed' }]);
  });

  test('a fixed type of another size', () => {
    const fixed = (size: number) => of({ type: 'fixed', name: 'Digest', size });
    expect(incompatibilities(fixed(16), fixed(32))).toMatchObject([{ path: 'x', mismatch: 'size-changed' }]);
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

/** Undefined for what generated types cannot have, such as a union of int and long. */
function compiled(json: string) {
  try {
    return avroSchema(json);
  } catch {
    return undefined;
  }
}

test('agrees with what the reader does, for versions of schemas made at random', () => {
  fc.assert(
    fc.property(schemaVersions(2), ([writer, reader]) => {
      const schema = compiled(reader as string);
      fc.pre(schema !== undefined);
      let resolves = true;
      try {
        schema?.readerFor(writer as string);
      } catch {
        resolves = false;
      }
      expect(incompatibilities(reader as string, writer as string).length === 0).toBe(resolves);
    }),
    { numRuns: 600 },
  );
});

describe('a level', () => {
  const [first, second, third] = [of('int'), record([]), of('string', { default: '' })] as const;

  test.each([
    ['BACKWARD', third, []],
    ['BACKWARD_TRANSITIVE', third, ['backward v1 x']],
    ['FORWARD', third, []],
    ['FORWARD_TRANSITIVE', third, ['forward v1 x']],
    ['FULL', third, []],
    ['FULL_TRANSITIVE', third, ['backward v1 x', 'forward v1 x']],
    ['NONE', third, []],
    ['BACKWARD', of('int'), ['backward v2 x']],
    ['FORWARD', of('int'), []],
  ] as const)('%s compares with the versions it names, in the directions it names', (level, json, expected) => {
    const found = levelMismatches(level, json, [first, second]);
    expect(found.map(({ direction, version, path }) => `${direction} v${version} ${path}`)).toEqual(expected);
  });
});
