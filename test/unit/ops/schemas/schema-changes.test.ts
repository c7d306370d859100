import { describe, expect, test } from 'vitest';
import { schemaChanges } from '../../../../ops/schemas/schema-changes.ts';

const record = (fields: unknown[], rest: object = {}) =>
  JSON.stringify({ type: 'record', name: 'Thing', fields, ...rest });
const lines = (now: string, before: string) =>
  schemaChanges(now, before).map(({ path, change, words }) => `${path} ${change} ${words}`);
const text = { name: 'note', type: ['null', 'string'], default: null };
const count = { name: 'count', type: 'int', default: 0 };
const status = (symbols: string[], rest: object = {}) => ({
  name: 'status',
  type: { type: 'enum', name: 'Status', symbols, default: 'open', ...rest },
});

describe('each change is told in words', () => {
  test.each<[string, string, string, string]>([
    ['a field added', record([text]), record([]), 'note added nullable string; older records read null'],
    [
      'a field removed',
      record([]),
      record([text]),
      'note removed nullable string; readers of the version before use its default',
    ],
    [
      'a field renamed',
      record([{ ...text, name: 'memo', aliases: ['note'] }]),
      record([text]),
      'memo renamed was `note`',
    ],
    [
      'a default',
      record([{ ...count, default: 1 }]),
      record([count]),
      'count changed default 0 → 1: it is what records without the field read as',
    ],
    ['a type', record([{ ...count, type: 'long' }]), record([count]), 'count changed type int → long'],
    ['only a doc', record([{ ...count, doc: 'Count.' }]), record([count]), 'count documented other doc'],
    [
      'a symbol added',
      record([status(['open', 'shut'])]),
      record([status(['open'])]),
      'status symbol_added shut; readers of the version before read it as open',
    ],
    [
      'a symbol removed',
      record([status(['open'])]),
      record([status(['open', 'shut'])]),
      'status symbol_removed shut; stored ones read as open',
    ],
    [
      'a default of an enum',
      record([status(['open', 'shut'], { default: 'shut' })]),
      record([status(['open', 'shut'])]),
      'status changed unknown symbols read as shut, not as open',
    ],
    [
      'fields in another order',
      record([count, text]),
      record([text, count]),
      '(record) reordered its fields; readers go by their names',
    ],
    [
      'symbols in another order',
      record([status(['shut', 'open'])]),
      record([status(['open', 'shut'])]),
      'status reordered its symbols; readers go by their names',
    ],
    [
      'an alias taken away',
      record([text]),
      record([{ ...text, aliases: ['memo'] }]),
      'note changed aliases memo → none: the names that older records may have for it',
    ],
    [
      'an alias of the record',
      record([], { aliases: ['Old'] }),
      record([]),
      '(record) changed aliases none → Old: the names that older records may have for it',
    ],
    [
      'what readers do not look at',
      record([{ ...count, owner: 'us' }]),
      record([count]),
      '(record) changed only what no reader looks at',
    ],
  ])('%s', (...[, now, before, line]) => {
    expect(lines(now, before)).toEqual([line]);
  });

  test('the same text has none', () => {
    expect(schemaChanges(record([text]), record([text]))).toEqual([]);
  });
});

test('a nullable record that holds itself ends, and is told of once', () => {
  const tree = (fields: unknown[]) =>
    record([
      {
        name: 'tree',
        type: [
          'null',
          {
            type: 'record',
            name: 'Node',
            fields: [...fields, { name: 'next', type: ['null', 'Node'], default: null }],
          },
        ],
        default: null,
      },
      { name: 'other', type: ['null', 'Node'], default: null },
    ]);
  expect(lines(tree([text]), tree([]))).toEqual(['tree.note added nullable string; older records read null']);
});
