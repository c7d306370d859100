import { z } from 'zod';
import { orderItemLimit, quantityRule, watchRules } from '../../../pipeline/domain/intake/commerce.ts';
import { contextRules } from '../../../pipeline/domain/intake/context.ts';
import { anyNumber, valueRules } from '../../../pipeline/domain/intake/interaction.ts';
import type { TextRule } from '../../../pipeline/domain/intake/text.ts';
import { idRule } from '../../../pipeline/domain/intake/text.ts';
import { interactionTypes } from '../../../pipeline/domain/interaction-type.ts';
import { absent, named, optional, withCases } from './named.ts';
import {
  consent,
  currency,
  decimal,
  eventId,
  id,
  impersonal,
  instant,
  namespace,
  number,
  propertyName,
  propertyText,
  text,
  trace,
} from './text.ts';

const { label, link } = contextRules;

const context = named(
  'InteractionContext',
  'Where an interaction happened. `rank`: place in the list that was shown, from 1; required, with `request_id`, for a click on a recommended item.',
  z.strictObject({
    surface: optional(text(label)),
    widget: optional(text(label)),
    rank: optional(number(contextRules.rank)),
    recommended: optional(z.boolean()),
    referrer: optional(text(link)),
    href: optional(text(link)),
    text: optional(text(contextRules.text)),
    experiment: optional(text(label)),
    ab_bucket: optional(text(label)),
    kind: optional(text(label)),
  }),
);

const commerce = named(
  'Commerce',
  'One line of a cart or an order.',
  z.strictObject({
    cart_id: optional(id),
    order_id: optional(id),
    unit_price: optional(decimal),
    currency: optional(currency),
  }),
);

const order = named(
  'Order',
  'A whole order, of a `custom` interaction with `context.kind` `order` and without `item_id`.',
  z.strictObject({
    order_id: id,
    total: decimal,
    currency,
    items: z
      .array(z.strictObject({ item_id: id, quantity: number(quantityRule), unit_price: decimal }))
      .min(1)
      .max(orderItemLimit),
  }),
);

const watch = named(
  'Watch',
  'How much was watched.',
  z.strictObject({
    duration_ms: optional(number(watchRules.durationMs)),
    completion: optional(number(watchRules.completion)),
  }),
);

/** What a text field takes from `meta`, where numbers and booleans become text. */
const loose = (rule: TextRule) => optional(z.union([text(rule), z.number(), z.boolean()]));

const meta = named(
  'InteractionMeta',
  'An alias: its members are taken for those of `context`, `commerce` and `properties` by their names; numbers and booleans ' +
    'become text and are judged as such. A member that is in both is refused (`conflicting_fields`).',
  z
    .object({
      surface: loose(label),
      widget: loose(label),
      rank: optional(number(contextRules.rank)),
      recommended: optional(z.boolean()),
      referrer: loose(link),
      href: loose(link),
      text: loose(contextRules.text),
      experiment: loose(label),
      ab_bucket: loose(label),
      kind: loose(label),
      cart_id: loose(idRule),
      order_id: loose(idRule),
      unit_price: optional(z.union([decimal, z.number().min(0)])),
      currency: optional(currency),
    })
    .catchall(z.union([propertyText, z.number(), z.boolean(), z.null()]))
    .meta({ propertyNames: z.toJSONSchema(propertyName) }),
);

type TypeName = (typeof interactionTypes)[number];
const ofType = (...names: readonly TypeName[]) =>
  z.literal(names.flatMap((name): (string | number)[] => [name, interactionTypes.indexOf(name)]));

/** An object of which only these members matter. */
const like = (members: z.ZodRawShape) => z.looseObject(members);
const unless = (members: z.ZodRawShape) => like(members).nullish();
const of = (...names: readonly TypeName[]) => ({ type: ofType(...names), order: absent });
const ofItem = (...names: readonly TypeName[]) => ({ ...of(...names), item_id: id });
const noRecommendation = unless({ recommended: z.literal(false).nullish() });
const otherKind = z.string().regex(/^(?!order$)/);
const noOrder = unless({ kind: otherKind.nullish() });
const noOrderInMeta = unless({ kind: z.union([otherKind, z.number(), z.boolean()]).nullish() });
const isOrder = like({ kind: z.literal('order') });

const cases = [
  like(ofItem('view', 'like', 'dismiss')),
  like({ ...ofItem('click'), context: noRecommendation, meta: noRecommendation }),
  like({ ...ofItem('click'), request_id: id, context: like({ rank: z.int() }) }),
  like({ ...ofItem('click'), request_id: id, meta: like({ rank: z.int() }) }),
  like({ ...ofItem('add'), value: number(valueRules.add) }),
  like({ ...ofItem('purchase'), value: number(valueRules.purchase) }),
  like({ ...ofItem('rating'), value: number(valueRules.rating) }),
  like({ ...ofItem('watch'), value: number(valueRules.watch) }),
  like({ ...ofItem('watch'), value: absent, watch: like({ duration_ms: z.int() }) }),
  like({ ...ofItem('watch'), value: absent, watch: like({ completion: z.number() }) }),
  like({ ...of('custom'), context: noOrder, meta: noOrderInMeta }),
  like({ type: ofType('custom'), item_id: absent, order, context: isOrder }),
  like({ type: ofType('custom'), item_id: absent, order, meta: isOrder }),
];

const others = interactionTypes.filter((name) => name !== 'purchase');
const given = z.union([id, z.number(), z.boolean()]);

/** Each of these may stand in `commerce` or in `meta`. */
const ofPurchase = [
  { commerce: like({ order_id: id }), meta: like({ order_id: given }) },
  { commerce: like({ unit_price: decimal }), meta: like({ unit_price: z.union([decimal, z.number()]) }) },
  { commerce: like({ currency }), meta: like({ currency }) },
].map(({ commerce, meta }) => [like({ type: ofType(...others) }), like({ commerce }), like({ meta })]);

const byId = [like({ event_id: eventId }), like({ source_event_id: eventId })];

const fields = {
  event_id: optional(eventId).describe(
    'Yours; the same event again, through whichever door, counts once. Required, or `source_event_id`.',
  ),
  source_event_id: optional(eventId).describe('An alias of `event_id`; where both are given they must be the same.'),
  namespace: optional(namespace),
  user_id: id.describe('Of a visitor without an account too, then with `anonymous`.'),
  anonymous: optional(z.boolean()),
  session_id: optional(id),
  request_id: optional(id).describe('The one that the list carried which this follows from.'),
  item_id: optional(id).describe('Required but for `custom`.'),
  value: optional(number(anyNumber)).describe(
    'Quantity (`add`, `purchase`), stars from 1 to 5 (`rating`), seconds watched (`watch`). Required for `add`, `purchase` and ' +
      '`rating`, and for `watch` unless there is `watch`.',
  ),
  occurred_at: optional(instant).describe(
    'The time of receipt where it is left out. How far ahead of the server and how old it may be is set ' +
      'for each namespace (5 minutes, 30 days unless set).',
  ),
  consent: optional(consent),
  context: optional(context),
  commerce: optional(commerce).describe('`order_id`, `unit_price` and `currency` are required for `purchase`.'),
  order: optional(order),
  watch: optional(watch),
  properties: optional(impersonal),
  meta: optional(meta),
  trace: optional(trace),
};

const typeField = z
  .union([
    z.enum(interactionTypes),
    z
      .int()
      .min(0)
      .max(interactionTypes.length - 1),
  ])
  .describe(`By name or by number: ${interactionTypes.map((name, index) => `${index} ${name}`).join(', ')}.`);

/** As `POST /v1/events` takes it. */
export const interaction = named(
  'Interaction',
  'One thing that a user did. What each type requires is said by the cases.',
  withCases(z.strictObject({ ...fields, type: typeField }), byId, cases, ...ofPurchase),
);

/** As `POST /log/watch` takes it. */
export const watchEvent = named(
  'WatchEvent',
  'An interaction of type `watch`, which may be left out.',
  withCases(z.strictObject({ ...fields, type: optional(ofType('watch')) }), byId, [
    like({ item_id: id, value: number(valueRules.watch), order: absent }),
    like({ item_id: id, value: absent, order: absent, watch: like({ duration_ms: z.int() }) }),
    like({ item_id: id, value: absent, order: absent, watch: like({ completion: z.number() }) }),
  ]),
);
