import { describe, expect, test } from 'vitest';
import { lintSchema } from '../../../../ops/schemas/lints.ts';
import { avroTopics } from '../../../../schemas/topics.ts';

const schemaOf = (fields: unknown[], rest: object = {}) =>
  JSON.stringify({ type: 'record', name: 'Thing', doc: 'A thing.', fields, ...rest });
const field = (type: unknown, rest: object = {}) => ({ name: 'some_field', type, doc: 'Some field.', ...rest });
const millis = { type: 'long', logicalType: 'timestamp-millis' };
const status = { type: 'enum', name: 'Status', doc: 'Status.', symbols: ['open'], default: 'open' };

test('the schemas of the catalogue follow every rule', () => {
  for (const { schema } of avroTopics) expect(lintSchema(schema.json)).toEqual([]);
});

describe('each rule finds its planted violation and says where', () => {
  test.each<[string, string, unknown, string?]>([
    ['nullable-union', 'a union with three branches', field(['null', 'string', 'int'], { default: null })],
    ['nullable-union', 'a union with null last', field(['string', 'null'], { default: null })],
    ['null-default', 'a nullable field without default', field(['null', 'string'])],
    ['enum-default', 'an enum without default', field({ ...status, default: undefined })],
    ['symbol-name', 'a symbol in capitals', field({ ...status, symbols: ['open', 'CLOSED'] })],
    ['logical-type', 'nanoseconds', field({ type: 'long', logicalType: 'timestamp-nanos' })],
    ['logical-type', 'a local timestamp', field({ type: 'long', logicalType: 'local-timestamp-millis' })],
    ['decimal-precision', 'a decimal without precision', field({ type: 'bytes', logicalType: 'decimal' })],
    ['id-as-string', 'a 64-bit id', field('long', { name: 'order_id' }), 'order_id'],
    ['instant', 'an instant as a bare number', field('long', { name: 'seen_at' }), 'seen_at'],
    ['unit', 'a timestamp without its unit', field(millis, { name: 'seen_at', doc: 'Seen.' }), 'seen_at'],
    ['unit', 'a duration without its unit', field('int', { name: 'length_ms' }), 'length_ms'],
    ['field-name', 'a field in camelCase', field('string', { name: 'someField' }), 'someField'],
    ['doc', 'a field without doc', field('string', { doc: undefined })],
    ['doc', 'a nested type without doc', field({ ...status, doc: '' })],
    ['type-name', 'a type in lower case', field({ ...status, name: 'status' })],
    ['plain-default', 'a default that holds fields', field({ type: 'map', values: 'int' }, { default: { a: 1 } })],
  ])('%s: %s', (rule, _, planted, path = 'some_field') => {
    expect(lintSchema(schemaOf([planted]))).toEqual([
      { path, rule, consequence: expect.any(String), remedy: expect.any(String) },
    ]);
  });

  test('doc: a record that does not say what it is', () => {
    expect(lintSchema(schemaOf([], { doc: undefined }))).toMatchObject([{ path: '(record)', rule: 'doc' }]);
  });

  test('field-name: two fields that are one in TypeScript', () => {
    const twins = schemaOf([field('int', { name: 'part1' }), field('int', { name: 'part_1' })]);
    expect(lintSchema(twins)).toMatchObject([{ path: 'part_1', rule: 'field-name' }]);
  });

  test('paths lead through records, arrays and nullable types', () => {
    const line = { type: 'record', name: 'Line', doc: 'Line.', fields: [field('long', { name: 'item_id' })] };
    const nested = field({ type: 'array', items: line }, { name: 'lines' });
    const order = { type: 'record', name: 'Order', doc: 'Order.', fields: [nested] };
    const schema = schemaOf([field(['null', order], { name: 'order', default: null })]);
    expect(lintSchema(schema)).toMatchObject([{ path: 'order.lines[].item_id', rule: 'id-as-string' }]);
  });
});
