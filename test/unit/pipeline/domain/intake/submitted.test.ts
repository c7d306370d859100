import { describe, expect, it } from 'vitest';
import { parseInteraction } from '../../../../../pipeline/domain/intake/interaction.ts';
import { submittedInput } from '../../../../../pipeline/domain/intake/submitted.ts';
import { namespaceSettingsSchema } from '../../../../../pipeline/domain/settings.ts';
import type { InteractionSubmitted } from '../../../../../schemas/generated/interaction-submitted.v1.ts';
import { nowhere, submitted } from '../../../../support/submitted.ts';

const receivedAt = Date.UTC(2026, 0, 15);
const settings = namespaceSettingsSchema.parse({});
const parse = (input: unknown) => parseInteraction(input, '$', { receivedAt, settingsOf: () => settings, trace: null });

const line = { item_id: 'a', quantity: 2, unit_price: '3.50' };
const place = { surface: 'home', widget: 'w', rank: 3, recommended: true, referrer: '/a', href: '/b' };
const where = { ...place, text: 't', experiment: 'x', kind: 'k' };
const trace = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;

const pairs: [name: string, fields: Partial<InteractionSubmitted>, http: Record<string, unknown>][] = [
  ['nothing but what every event has', {}, {}],
  [
    'who and when',
    { anonymous: true, sessionId: 's', requestId: 'r', occurredAt: receivedAt - 5, consent: 'functional', trace },
    { anonymous: true, session_id: 's', request_id: 'r', occurred_at: receivedAt - 5, consent: 'functional', trace },
  ],
  [
    'a click on a list',
    {
      type: 'click',
      requestId: 'r',
      context: { ...where, abBucket: 'b' },
    },
    {
      type: 'click',
      request_id: 'r',
      context: { ...where, ab_bucket: 'b' },
    },
  ],
  [
    'a purchase',
    {
      type: 'purchase',
      value: 2,
      commerce: { cartId: 'c', orderId: 'o', unitPrice: '3.50', currency: 'EUR' },
      properties: { campaign: 'spring' },
    },
    {
      type: 'purchase',
      value: 2,
      commerce: { cart_id: 'c', order_id: 'o', unit_price: '3.50', currency: 'EUR' },
      properties: { campaign: 'spring' },
    },
  ],
  [
    'an order',
    {
      type: 'custom',
      itemId: null,
      context: { ...nowhere, kind: 'order' },
      order: { orderId: 'o', total: '7', currency: 'EUR', items: [{ itemId: 'a', quantity: 2, unitPrice: '3.50' }] },
    },
    {
      type: 'custom',
      item_id: null,
      context: { kind: 'order' },
      order: { order_id: 'o', total: '7', currency: 'EUR', items: [line] },
    },
  ],
  [
    'a video',
    { type: 'watch', watch: { durationMs: 60_000, completion: 0.5 } },
    { type: 'watch', watch: { duration_ms: 60_000, completion: 0.5 } },
  ],
];

describe('a submitted record', () => {
  it.each(pairs)('is judged like the same JSON over HTTP: %s', (_, fields, http) => {
    const overHttp = { event_id: 'e', namespace: 'shop', user_id: 'u', item_id: 'i', type: 'click', ...http };
    const expected = parse(overHttp);
    expect(expected.ok).toBe(true);
    expect(parse(submittedInput(submitted('e', fields)))).toEqual(expected);
  });

  it.each([0, 86_400_000, -86_400_000, 99_999_999_999, -1])(
    'never has its milliseconds taken for seconds: %d',
    (at) => {
      const { occurred_at } = submittedInput(submitted('e', { occurredAt: at }));
      expect(Date.parse(occurred_at as string)).toBe(at);
      expect(parse(submittedInput(submitted('e', { occurredAt: at })))).toMatchObject({
        problems: [{ code: 'too_old' }],
      });
    },
  );

  it.each([
    [{ type: 'unknown' }, 'unknown_type', '$.type'],
    [{ consent: 'unknown' }, 'invalid_format', '$.consent'],
    [{ occurredAt: 2 ** 52 }, 'timestamp_invalid', '$.occurred_at'],
    [{ namespace: '' }, 'too_short', '$.namespace'],
  ] as const)('is refused with the codes of HTTP: %j', (change, code, path) => {
    const result = parse(submittedInput(submitted('e', change)));
    expect(result).toMatchObject({ ok: false, problems: [{ code, path }] });
  });
});
