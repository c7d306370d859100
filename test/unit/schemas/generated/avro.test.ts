import avsc from 'avsc';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { avroSchema } from '../../../../schemas/generated/avro.ts';
import { avroTopics } from '../../../../schemas/topics.ts';

const schemas = [...new Map(avroTopics.map(({ schema }) => [schema.name, schema])).values()];

function encode(json: string, value: unknown): Buffer {
  const target = Buffer.alloc(2_000);
  return target.subarray(0, avroSchema<unknown>(json).encodeInto(value, target, 0));
}

const record = (fields: unknown[], name = 'Thing') => JSON.stringify({ type: 'record', name, fields });

describe.each(schemas.map((schema) => [schema.name, schema] as const))('%s', (_, schema) => {
  const read = schema.readerFor(schema.json);

  test('broken bytes end in an error, never in a loop or a giant allocation', () => {
    const readsOrThrows = (bytes: Buffer) => {
      try {
        return read(bytes, 0) !== undefined;
      } catch (error) {
        return error instanceof Error;
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => readsOrThrows(Buffer.from(bytes))),
      { numRuns: 2_000 },
    );
  });
});

test('what avsc itself encodes decodes to the same value', () => {
  const json = record([
    { name: 'small_int', type: 'int' },
    { name: 'long_value', type: 'long' },
    { name: 'ratio', type: 'double' },
    { name: 'share', type: 'float' },
    { name: 'flag', type: 'boolean' },
    { name: 'text', type: 'string' },
    { name: 'raw', type: 'bytes' },
    { name: 'numbers', type: { type: 'array', items: 'long' } },
    { name: 'texts', type: { type: 'map', values: 'string' } },
  ]);
  const theirs = avsc.Type.forSchema(JSON.parse(json));
  const read = avroSchema<Record<string, unknown>>(json).readerFor(json);
  // avsc's own writer is inexact below -2^52.
  const integer = fc.integer({ min: -(2 ** 52), max: Number.MAX_SAFE_INTEGER - 1 });
  fc.assert(
    fc.property(
      fc.record({
        small_int: fc.integer(),
        long_value: integer,
        ratio: fc.double(),
        share: fc.float(),
        flag: fc.boolean(),
        text: fc.string({ unit: 'grapheme', maxLength: 60 }),
        raw: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        numbers: fc.array(integer),
        texts: fc.dictionary(fc.string(), fc.string()),
      }),
      (value) => {
        expect(read(theirs.toBuffer(value), 0)).toEqual({
          smallInt: value.small_int,
          longValue: value.long_value,
          ratio: value.ratio,
          share: value.share,
          flag: value.flag,
          text: value.text,
          raw: value.raw,
          numbers: value.numbers,
          texts: value.texts,
        });
      },
    ),
    { numRuns: 1_000 },
  );
});

test('text of any length and any characters is read as it was written', () => {
  const lists = avroSchema<{ texts: readonly string[] }>(
    JSON.stringify({
      type: 'record',
      name: 'Texts',
      fields: [{ name: 'texts', type: { type: 'array', items: 'string' } }],
    }),
  );
  const scratch = Buffer.alloc(65_536);
  const read = lists.readerFor(lists.json);
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.toWellFormed())), (texts) => {
      const end = lists.encodeInto({ texts }, scratch, 0);
      expect(read(Buffer.from(scratch.subarray(0, end)), 0)).toEqual({ texts });
    }),
  );
  for (const length of [0, 1, 11, 12, 13, 14, 200]) {
    for (const letter of ['a', 'é', '世']) {
      const texts = [letter.repeat(length), 'b'.repeat(length)];
      expect(read(Buffer.from(scratch.subarray(0, lists.encodeInto({ texts }, scratch, 0))), 0)).toEqual({ texts });
    }
  }
});

test('a map keeps an entry named __proto__ like any other', () => {
  const json = record([{ name: 'texts', type: { type: 'map', values: 'string' } }]);
  const texts = JSON.parse('{"__proto__":"kept","b":"c"}');
  const value = avroSchema<{ texts: object }>(json).readerFor(json)(encode(json, { texts }), 0);
  expect(Object.entries(value.texts)).toEqual([
    ['__proto__', 'kept'],
    ['b', 'c'],
  ]);
  expect(Object.getPrototypeOf(value.texts)).toBe(Object.prototype);
});

describe('crafted bytes', () => {
  const list = record([{ name: 'items', type: { type: 'array', items: 'string' } }]);
  const without = record([{ name: 'other', type: 'int', default: 1 }]);
  const zigzag = (value: number) => encode(record([{ name: 'n', type: 'long' }]), { n: value });

  test('an item count beyond the bytes that are left is refused before anything is reserved', () => {
    const bytes = Buffer.concat([zigzag(2 ** 31), Buffer.alloc(8)]);
    expect(() => avroSchema(list).readerFor(list)(bytes, 0)).toThrow('truncated');
  });

  test('a negative block size cannot send a skipping reader back', () => {
    const bytes = Buffer.concat([zigzag(-1), zigzag(-2), Buffer.alloc(4)]);
    expect(() => avroSchema(without).readerFor(list)(bytes, 0)).toThrow();
  });

  test('a negative string length is refused', () => {
    const bytes = Buffer.concat([zigzag(1), zigzag(-2), zigzag(0)]);
    expect(() => avroSchema(list).readerFor(list)(bytes, 0)).toThrow('truncated');
  });

  test('a number of more than 64 bits is refused', () => {
    const number = record([{ name: 'n', type: 'long' }]);
    expect(() => avroSchema(number).readerFor(number)(Buffer.alloc(20, 0xff), 0)).toThrow('64 bits');
  });

  test('a long beyond what a number holds exactly is refused', () => {
    const number = record([{ name: 'n', type: 'long' }]);
    const bytes = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    expect(() => avroSchema(number).readerFor(number)(bytes, 0)).toThrow('precision');
  });
});

describe('evolution', () => {
  test('a renamed field is read through its alias', () => {
    const old = record([{ name: 'home_page', type: 'string' }]);
    const renamed = record([{ name: 'landing_page', type: 'string', default: '', aliases: ['home_page'] }]);
    expect(avroSchema(renamed).readerFor(old)(encode(old, { homePage: 'x' }), 0)).toEqual({ landingPage: 'x' });
  });

  test('a symbol the reader does not know becomes the default of the enum', () => {
    const status = (symbols: string[]) =>
      record([{ name: 'status', type: { type: 'enum', name: 'Status', symbols, default: symbols[0] } }]);
    const newer = status(['open', 'closed', 'paused']);
    const bytes = encode(newer, { status: 'paused' });
    expect(avroSchema(status(['open', 'closed'])).readerFor(newer)(bytes, 0)).toEqual({ status: 'open' });
  });

  test('numbers widen', () => {
    const old = record([{ name: 'count', type: 'int' }]);
    const wide = record([{ name: 'count', type: 'double' }]);
    expect(avroSchema(wide).readerFor(old)(encode(old, { count: 5 }), 0)).toEqual({ count: 5 });
  });

  test('incompatible schemas are refused when the reader is made', () => {
    const texts = record([{ name: 'count', type: 'string' }]);
    const numbers = record([{ name: 'count', type: 'int' }]);
    expect(() => avroSchema(texts).readerFor(numbers)).toThrow();
    expect(() => avroSchema(numbers).readerFor(record([]))).toThrow('no matching field');
  });
});

describe('undeclared fields', () => {
  const line = { type: 'record', name: 'Line', fields: [{ name: 'item_id', type: 'string' }] };
  const schema = avroSchema<unknown>(
    record([
      { name: 'first', type: ['null', line], default: null },
      { name: 'lines', type: { type: 'array', items: 'Line' } },
      { name: 'by_name', type: { type: 'map', values: 'Line' } },
    ]),
  );
  const good = { first: null, lines: [{ itemId: 'a' }], byName: { x: { itemId: 'b' } } };

  test.each<[unknown, string | undefined]>([
    [good, undefined],
    [{ ...good, extra: 1 }, 'extra'],
    [{ ...good, first: { itemId: 'a', item_id: 'a' } }, 'first.item_id'],
    [{ ...good, lines: [{ itemId: 'a' }, { itemId: 'b', n: 1 }] }, 'lines.1.n'],
    [{ ...good, byName: { x: { itemId: 'b', n: 1 } } }, 'byName.x.n'],
  ])('%j: %s', (value, path) => {
    expect(schema.undeclaredPath(value)).toBe(path);
    expect(schema.invalidPath(value)).toBe(path);
  });
});
