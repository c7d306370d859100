import { z } from 'zod';
import { type ConfigKind, settingsId } from '../../../pipeline/domain/intake/config-document.ts';
import { itemRules } from '../../../pipeline/domain/intake/item.ts';
import { propertyLimits } from '../../../pipeline/domain/intake/properties.ts';
import { revisionRule } from '../../../pipeline/domain/intake/revision.ts';
import { tagLimits } from '../../../pipeline/domain/intake/tag.ts';
import { namespaceSettingsSchema } from '../../../pipeline/domain/settings.ts';
import { absent, named, optional, withCases } from './named.ts';
import { rule } from './rules.ts';
import {
  boundedMap,
  consent,
  id,
  instant,
  laterInstant,
  namespace,
  number,
  price,
  priceCurrency,
  properties,
  propertyText,
  text,
  webAddress,
} from './text.ts';

const versioned = {
  namespace: optional(namespace),
  revision: optional(number(revisionRule)).describe(
    'Which write wins: the greatest. `updated_at` in milliseconds where it is left out, else the time of receipt.',
  ),
  updated_at: optional(laterInstant).describe('Not further ahead of the server than events may be.'),
};

export const tags = z
  .array(text({ max: tagLimits.length }))
  .max(tagLimits.count)
  .describe('`kind:name`, such as `brand:acme`, `category:shoes`; kept in lower case, trimmed, with one separator.');

export const item = named(
  'Item',
  'One item of the catalogue, whole: it replaces what was there.',
  withCases(
    z.strictObject({
      ...versioned,
      item_id: id,
      available: optional(z.boolean()),
      hidden: optional(z.boolean()),
      price: optional(price).describe('Needs `currency`.'),
      currency: optional(priceCurrency).describe('Needs `price`.'),
      tags: optional(tags),
      parent_id: optional(id),
      bundle_of: optional(z.array(id).max(itemRules.bundles)),
      title: optional(text(itemRules.title)),
      description: optional(text(itemRules.description)),
      url: optional(webAddress),
      image_url: optional(webAddress),
      published_at: optional(instant),
      archived_at: optional(instant),
      properties: optional(properties),
    }),
    [z.looseObject({ price: absent, currency: absent }), z.looseObject({ price, currency: priceCurrency })],
  ),
);

const traitText = `Lists are joined by commas; then at most ${propertyLimits.valueLength} characters.`;

export const user = named(
  'User',
  "One user's traits, whole: they replace what was there. Nothing personal: e-mail addresses, phone and card numbers are refused.",
  z.strictObject({
    ...versioned,
    user_id: id,
    traits: optional(boundedMap(z.union([propertyText, z.boolean(), z.array(propertyText)]))).describe(
      `locale, country, device, loyalty_tier, newsletter, preferred_categories and others. ${traitText}`,
    ),
    consent: optional(consent),
    last_seen_at: optional(instant),
  }),
);

const settings = named(
  'Settings',
  'Settings of a namespace. What is left out has its default, also a later one.',
  namespaceSettingsSchema,
);

const kinds = {
  settings: z.strictObject({
    ...versioned,
    kind: optional(z.literal('settings')),
    id: optional(z.literal(settingsId)),
    body: settings,
  }),
  rule: z.strictObject({ ...versioned, kind: z.literal('rule'), id, body: rule }),
} satisfies Record<ConfigKind, z.ZodType>;

export const configDocument = named(
  'ConfigDocument',
  'One document of configuration, whole: the settings of a namespace, or a rule.',
  z.union([kinds.settings, kinds.rule]),
);

export const storedItem = named(
  'StoredItem',
  'An item as the catalogue has it.',
  z.object({
    namespace: z.string(),
    item_id: z.string(),
    revision: z.int(),
    available: z.boolean(),
    hidden: z.boolean(),
    archived_at: z.number().nullable(),
    tags: z.array(z.string()),
    price: z.string().nullish(),
    currency: z.string().nullish(),
    parent_id: z.string().nullish(),
    bundle_of: z.array(z.string()).optional(),
    title: z.string().nullish(),
    description: z.string().nullish(),
    url: z.string().nullish(),
    image_url: z.string().nullish(),
    published_at: z.number().nullish(),
    properties: z.record(z.string(), z.string()).optional(),
  }),
);

export const storedUser = named(
  'StoredUser',
  'A user as it is known.',
  z.object({
    namespace: z.string(),
    user_id: z.string(),
    revision: z.int(),
    traits: z.record(z.string(), z.string()),
    consent: consent.nullable(),
    last_seen_at: z.number().nullable(),
  }),
);
