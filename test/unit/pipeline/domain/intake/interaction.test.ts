import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInteraction } from '../../../../../pipeline/domain/intake/interaction.ts';
import { accepted, click, faultsOf, problemsOf, receivedAt, rulesWith } from './sample.ts';

const parse = (input: unknown, settings = {}) => parseInteraction(input, '$', rulesWith(settings));
const order = {
  order_id: 'o',
  total: '20.00',
  currency: 'EUR',
  items: [{ item_id: 'a', quantity: 2, unit_price: '10' }],
};
const purchase = { type: 'purchase', value: 1, commerce: { order_id: 'o', unit_price: '9.99', currency: 'EUR' } };

describe('an interaction is refused with code and path', () => {
  const cases: [string, Record<string, unknown>, string[]][] = [
    ['without an event id', { event_id: undefined }, ['required $.event_id']],
    ['with an empty event id', { event_id: '' }, ['too_short $.event_id']],
    ['with an event id of 65 characters', { event_id: 'x'.repeat(65) }, ['too_long $.event_id']],
    ['with a space in its event id', { event_id: 'a b' }, ['invalid_format $.event_id']],
    ['with an event id that is a number', { event_id: 7 }, ['wrong_type $.event_id']],
    ['with two event ids that differ', { source_event_id: 'other' }, ['conflicting_fields $.source_event_id']],
    ['with | in its namespace', { namespace: 'a|b' }, ['invalid_format $.namespace']],
    ['with capitals in its namespace', { namespace: 'Shop' }, ['invalid_format $.namespace']],
    ['with a namespace of 65 characters', { namespace: 'n'.repeat(65) }, ['too_long $.namespace']],
    ['without a user', { user_id: null }, ['required $.user_id']],
    ['with an empty user id', { user_id: '' }, ['too_short $.user_id']],
    ['with a user id of 129 characters', { user_id: 'u'.repeat(129) }, ['too_long $.user_id']],
    ['with NUL in its user id', { user_id: 'a\u0000b' }, ['malformed_text $.user_id']],
    ['with a lone surrogate in its item id', { item_id: 'a\ud800b' }, ['malformed_text $.item_id']],
    ['with a line break in its session id', { session_id: 'a\nb' }, ['malformed_text $.session_id']],
    ['with anonymous as text', { anonymous: 'yes' }, ['wrong_type $.anonymous']],
    ['without an item', { item_id: undefined }, ['required $.item_id']],
    ['without a type', { type: undefined }, ['required $.type']],
    ['of a type nobody knows', { type: 'hover' }, ['unknown_type $.type']],
    ['of type 9', { type: 9 }, ['unknown_type $.type']],
    ['of type 1.5', { type: 1.5 }, ['unknown_type $.type']],
    ['of type "1"', { type: '1' }, ['unknown_type $.type']],
    ['of type true', { type: true }, ['wrong_type $.type']],
    ['with a value as text', { value: '3' }, ['wrong_type $.value']],
    ['with an infinite value', { value: Number.POSITIVE_INFINITY }, ['out_of_range $.value']],
    ['with a misspelt field', { usr_id: 'x' }, ['unknown_field $.usr_id']],
    ['with consent that there is not', { consent: 'some' }, ['invalid_format $.consent']],
    ['with a context that is a list', { context: [] }, ['wrong_type $.context']],
    ['with an unknown context field', { context: { page: 'home' } }, ['unknown_field $.context.page']],
    ['with a surface of 65 characters', { context: { surface: 's'.repeat(65) } }, ['too_long $.context.surface']],
    ['with rank 0', { context: { rank: 0 } }, ['out_of_range $.context.rank']],
    ['with rank 1.5', { context: { rank: 1.5 } }, ['wrong_type $.context.rank']],
    ['with a price as number', { commerce: { unit_price: 9.99 } }, ['wrong_type $.commerce.unit_price']],
    ['with a price with comma', { commerce: { unit_price: '9,99' } }, ['invalid_format $.commerce.unit_price']],
    ['with a currency in small letters', { commerce: { currency: 'eur' } }, ['invalid_format $.commerce.currency']],
    ['with completion over 1', { watch: { completion: 1.1 } }, ['out_of_range $.watch.completion']],
    ['with a trace that is none', { trace: '00-0-0-0' }, ['invalid_format $.trace']],
    ['with a property that is a number', { properties: { size: 3 } }, ['wrong_type $.properties.size']],
    [
      'with 33 properties',
      { properties: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, 'v'])) },
      ['too_many $.properties'],
    ],
    [
      'with properties over 4 KiB',
      { properties: Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`k${i}`, 'v'.repeat(1_000)])) },
      ['too_large $.properties'],
    ],
    [
      'with properties over 4 KiB in bytes, not characters',
      { properties: Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`k${i}`, '€'.repeat(500)])) },
      ['too_large $.properties'],
    ],
    [
      'with an e-mail address in properties',
      { properties: { note: 'ask jo@example.org' } },
      ['pii_suspected $.properties.note'],
    ],
    [
      'with an e-mail address as a property name',
      { properties: { 'jo@example.org': 'x' } },
      ['pii_suspected $.properties'],
    ],
    ['with the property __proto__', { properties: JSON.parse('{"__proto__":"x"}') }, ['malformed_text $.properties']],
    [
      'with meta and context that say the same',
      { context: { widget: 'a' }, meta: { widget: 'b' } },
      ['conflicting_fields $.context.widget'],
    ],
    ['with a faulty field in meta', { meta: { rank: 0 } }, ['out_of_range $.meta.rank']],
    ['with an order that is not custom', { order }, ['not_allowed $.order']],
  ];
  it.each(cases)('%s', (_, over, expected) => {
    expect(faultsOf(parse(click(over)))).toEqual(expected);
  });

  it.each([null, 3, 'text', [], undefined])('where it is %j and no object', (input) => {
    expect(faultsOf(parse(input))).toEqual(['wrong_type $']);
  });

  it('with the limit that was passed', () => {
    expect(problemsOf(parse(click({ user_id: 'u'.repeat(129) })))[0]?.limit).toBe(128);
    expect(problemsOf(parse(click({ value: 1e13 })))[0]?.limit).toBe(1e12);
  });

  it('with every fault at once, each at its own path', () => {
    const faults = faultsOf(parse({ type: 'click', user_id: 3, extra: 1 }));
    expect(faults).toEqual([
      'unknown_field $.extra',
      'required $.event_id',
      'wrong_type $.user_id',
      'required $.item_id',
    ]);
  });

  it('without showing what was sent', () => {
    const secret = 'jo@example.org';
    const text = JSON.stringify([
      parse(click({ properties: { [secret]: secret, note: secret } })),
      parse(click({ [secret]: 1, user_id: `${secret}\n`, type: secret, context: { kind: 3, [secret]: secret } })),
    ]);
    expect(text).not.toContain(secret);
  });
});

describe('the keys that a type needs', () => {
  const cases: [string, Record<string, unknown>, string[]][] = [
    [
      'a click on a recommended item',
      { context: { recommended: true } },
      ['required $.context.rank', 'required $.request_id'],
    ],
    ['an add', { type: 'add' }, ['required $.value']],
    ['a rating', { type: 'rating' }, ['required $.value']],
    ['a rating of six stars', { type: 'rating', value: 6 }, ['out_of_range $.value']],
    ['a watch', { type: 'watch' }, ['required $.value']],
    ['a watch with an empty watch', { type: 'watch', watch: {} }, ['required $.value']],
    ['a negative quantity', { type: 'add', value: -1 }, ['out_of_range $.value']],
    [
      'a purchase',
      { type: 'purchase' },
      [
        'required $.value',
        'required $.commerce.order_id',
        'required $.commerce.unit_price',
        'required $.commerce.currency',
      ],
    ],
    [
      'a purchase without currency',
      { ...purchase, commerce: { order_id: 'o', unit_price: '1' } },
      ['required $.commerce.currency'],
    ],
    ['an order', { type: 'custom', item_id: undefined, context: { kind: 'order' } }, ['required $.order']],
    [
      'an order with an item of its own',
      { type: 'custom', context: { kind: 'order' }, order },
      ['not_allowed $.item_id'],
    ],
    [
      'an order without lines',
      { type: 'custom', item_id: null, context: { kind: 'order' }, order: { ...order, items: [] } },
      ['too_few $.order.items'],
    ],
    [
      'an order of 201 lines',
      {
        type: 'custom',
        item_id: null,
        context: { kind: 'order' },
        order: { ...order, items: Array.from({ length: 201 }, () => order.items[0]) },
      },
      ['too_many $.order.items'],
    ],
    [
      'a faulty order line',
      {
        type: 'custom',
        item_id: null,
        context: { kind: 'order' },
        order: { ...order, items: [...order.items, { item_id: 'b', quantity: 1 }] },
      },
      ['required $.order.items[1].unit_price'],
    ],
  ];
  it.each(cases)('are missed in %s', (_, over, expected) => {
    expect(faultsOf(parse(click(over)))).toEqual(expected);
  });

  const good: [string, Record<string, unknown>][] = [
    ['a plain click', {}],
    ['a click on a recommended item', { request_id: 'r', context: { recommended: true, rank: 3 } }],
    ['a purchase', purchase],
    ['a purchase by meta', { type: 'purchase', value: 1, meta: { order_id: 'o', unit_price: 9.5, currency: 'EUR' } }],
    ['a watch with seconds', { type: 'watch', value: 31.5 }],
    ['a watch with completion', { type: 'watch', watch: { completion: 0.5 } }],
    ['a custom one without item', { type: 'custom', item_id: undefined }],
    ['an order', { type: 'custom', item_id: undefined, context: { kind: 'order' }, order }],
    [
      'an order without consent',
      { consent: 'none', type: 'custom', item_id: undefined, context: { kind: 'order' }, order },
    ],
  ];
  it.each(good)('are there in %s', (_, over) => {
    expect(faultsOf(parse(click(over)))).toEqual([]);
  });
});

describe('what an accepted interaction says', () => {
  it('has every field, absent ones as null', () => {
    expect(accepted(parse(click()))).toEqual({
      eventId: 'e-1',
      namespace: 'default',
      userId: 'u-1',
      anonymous: false,
      sessionId: null,
      requestId: null,
      itemId: 'i-1',
      type: 'click',
      value: null,
      occurredAt: receivedAt,
      receivedAt,
      consent: 'full',
      context: null,
      commerce: null,
      order: null,
      watch: null,
      properties: {},
      trace: null,
    });
  });

  it('takes types by number', () => {
    const names = Array.from(
      { length: 9 },
      (_, type) => accepted(parse(click({ type, value: 1, commerce: purchase.commerce }))).type,
    );
    expect(names).toEqual(['view', 'click', 'add', 'purchase', 'custom', 'watch', 'like', 'rating', 'dismiss']);
  });

  it('takes source_event_id for event_id', () => {
    expect(accepted(parse(click({ event_id: undefined, source_event_id: 's:1' }))).eventId).toBe('s:1');
  });

  it('splits meta into context, commerce and properties', () => {
    const meta = { widget: 'w', rank: 2, cart_id: 'c', unit_price: 9.5, colour: 'red', size: 42, gift: true };
    const { context, commerce, properties } = accepted(parse(click({ meta, properties: { own: 'x' } })));
    expect(context).toMatchObject({ widget: 'w', rank: 2 });
    expect(commerce).toMatchObject({ cartId: 'c', unitPrice: '9.5' });
    expect(properties).toEqual({ own: 'x', colour: 'red', size: '42', gift: 'true' });
  });

  it('keeps the trace of the request where the event has none', () => {
    const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const own = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00`;
    const rules = { ...rulesWith(), trace };
    expect(accepted(parseInteraction(click(), '$', rules)).trace).toBe(trace);
    expect(accepted(parseInteraction(click({ trace: own }), '$', rules)).trace).toBe(own);
  });

  it.each(['functional', 'none'] as const)('has neither context nor properties with consent %s', (consent) => {
    const parts = { context: { surface: 'home' }, properties: { a: 'b' }, commerce: { cart_id: 'c' } };
    const stated = accepted(parse(click({ ...parts, consent })));
    expect(stated).toMatchObject({ consent, context: null, properties: {}, commerce: { cartId: 'c' } });
    const byDefault = accepted(parse(click(parts), { default_consent: consent }));
    expect(byDefault).toMatchObject({ consent, context: null, properties: {} });
  });

  it('has the consent of the event before that of the namespace', () => {
    const { consent, context } = accepted(
      parse(click({ consent: 'full', context: { surface: 'home' } }), { default_consent: 'none' }),
    );
    expect([consent, context?.surface]).toEqual(['full', 'home']);
  });
});

describe('whatever comes in', () => {
  const hostile = fc.oneof(
    fc.anything(),
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.constantFrom('click', 'custom', 'order', 3, 8, 1e11),
  );
  const names = [
    'event_id',
    'user_id',
    'item_id',
    'type',
    'value',
    'occurred_at',
    'context',
    'commerce',
    'order',
    'watch',
    'properties',
    'meta',
    'consent',
    'trace',
    'namespace',
  ];
  it('is answered by a value, never by a throw', () => {
    const input = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), hostile);
    fc.assert(
      fc.property(fc.oneof(input, fc.anything()), (event) => {
        const parsed = parse(event);
        expect(parsed.ok || parsed.problems.length > 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
