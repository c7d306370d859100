import { describe, expect, test } from 'vitest';
import { deployOrder } from '../../../../ops/schemas/deploy-order.ts';
import { topics } from '../../../../schemas/topics.ts';

const record = (...fields: unknown[]) => JSON.stringify({ type: 'record', name: 'Thing', fields });
const note = { name: 'note', type: ['null', 'string'], default: null };
const needed = { name: 'note', type: 'string' };
const status = (...symbols: string[]) => ({
  name: 'status',
  type: { type: 'enum', name: 'Status', symbols, default: 'open' },
});

describe('who is deployed first', () => {
  test.each<[string, string, string, string, RegExp]>([
    ['a field added', record(note), record(), 'consumers_first', /until then they do not see `note`/],
    ['a field removed', record(), record(note), 'consumers_first', /until then they read the default of `note`/],
    [
      'a field renamed',
      record({ ...note, name: 'memo', aliases: ['note'] }),
      record(note),
      'consumers_first',
      /the default of the old name of `memo`/,
    ],
    [
      'a symbol added',
      record(status('open', 'shut')),
      record(status('open')),
      'consumers_first',
      /new symbols of `status` as the enum's default/,
    ],
    ['a symbol removed', record(status('open')), record(status('open', 'shut')), 'any', /any order/],
    ['only a doc', record({ ...note, doc: 'Note.' }), record(note), 'any', /any order/],
    ['a field that old readers need removed', record(), record(needed), 'consumers_first', /cannot read what comes/],
    [
      'a field that old records lack',
      record(needed),
      record(),
      'producers_first',
      /once they have read all that was written before/,
    ],
    ['another type', record({ ...note, type: ['null', 'int'] }), record(note), 'none', /next version of the topic/],
  ])('%s', (...[, now, before, order, words]) => {
    const found = deployOrder(now, before, [topics.userChanged]);
    expect(found.order).toBe(order);
    expect(found.steps.join('\n')).toMatch(words);
    if (order !== 'none') expect(found.steps[0]).toContain('audience.user.changed.v1-value');
  });
});
