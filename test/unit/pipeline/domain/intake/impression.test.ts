import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseImpression } from '../../../../../pipeline/domain/intake/impression.ts';
import { accepted, faultsOf, receivedAt, rulesWith, slate } from './sample.ts';

const parse = (input: unknown) => parseImpression(input, '$', rulesWith());
const items = (count: number) => Array.from({ length: count }, (_, i) => ({ item_id: `i${i}`, position: i + 1 }));

describe('a slate', () => {
  it('is kept with positions and sources', () => {
    const over = {
      request_id: 'r',
      surface: 'home',
      propensity: 0.5,
      state_version: 1,
      items: [{ item_id: 'a', position: 3, sources: ['sessions'] }],
    };
    expect(accepted(parse(slate(over)))).toEqual({
      eventId: 'e-1',
      namespace: 'default',
      userId: 'u-1',
      anonymous: false,
      sessionId: null,
      requestId: 'r',
      surface: 'home',
      occurredAt: receivedAt,
      receivedAt,
      consent: 'full',
      items: [{ itemId: 'a', position: 3, sources: ['sessions'] }],
      variant: null,
      propensity: 0.5,
      stateVersion: 1,
      trace: null,
    });
  });

  it('may have 200 items', () => {
    expect(faultsOf(parse(slate({ items: items(200) })))).toEqual([]);
  });

  const cases: [string, Record<string, unknown>, string[]][] = [
    ['without items', { items: undefined }, ['required $.items']],
    ['with no item', { items: [] }, ['too_few $.items']],
    ['with 201 items', { items: items(201) }, ['too_many $.items']],
    ['with items that are no list', { items: {} }, ['wrong_type $.items']],
    [
      'with equal positions',
      {
        items: [
          { item_id: 'a', position: 1 },
          { item_id: 'b', position: 1 },
        ],
      },
      ['duplicate_position $.items[1].position'],
    ],
    [
      'with equal items',
      {
        items: [
          { item_id: 'a', position: 1 },
          { item_id: 'a', position: 2 },
        ],
      },
      ['duplicate_item $.items[1].item_id'],
    ],
    ['with position 0', { items: [{ item_id: 'a', position: 0 }] }, ['out_of_range $.items[0].position']],
    ['without a position', { items: [{ item_id: 'a' }] }, ['required $.items[0].position']],
    ['with an item that is no object', { items: ['a'] }, ['wrong_type $.items[0]']],
    [
      'with an unknown item field',
      { items: [{ item_id: 'a', position: 1, rank: 2 }] },
      ['unknown_field $.items[0].rank'],
    ],
    ['with a propensity over 1', { propensity: 2 }, ['out_of_range $.propensity']],
    ['with a type', { type: 'view' }, ['unknown_field $.type']],
  ];
  it.each(cases)('is refused %s', (_, over, expected) => {
    expect(faultsOf(parse(slate(over)))).toEqual(expected);
  });

  it('is answered by a value, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (items, event) =>
        [parse(slate({ items })), parse(event)].every(Boolean),
      ),
    );
  });
});
