import type { ItemChanged } from '../../../schemas/generated/item-changed.v1.ts';
import { readCurrency } from './currency.ts';
import {
  type Fields,
  has,
  isObject,
  type Parsed,
  readBoolean,
  readText,
  readTexts,
  refuseUnknown,
  report,
  requireText,
} from './fields.ts';
import { type IntakeRules, readNamespace } from './identity.ts';
import { readProperties } from './properties.ts';
import { readRevision } from './revision.ts';
import { readTags } from './tag.ts';
import { idRule, priceRule } from './text.ts';
import { readInstant } from './timestamp.ts';
import { readWebAddress } from './web-address.ts';

const known = new Set([
  'namespace',
  'item_id',
  'revision',
  'updated_at',
  'available',
  'hidden',
  'price',
  'currency',
  'tags',
  'parent_id',
  'bundle_of',
  'title',
  'description',
  'url',
  'image_url',
  'published_at',
  'archived_at',
  'properties',
]);
export const itemRules = {
  bundles: 200,
  title: { max: 512 },
  description: { max: 8_192 },
} as const;

/** A price says little without its currency, and a currency nothing without a price. */
function readPrice(fields: Fields) {
  const price = readText(fields, 'price', priceRule);
  const currency = readCurrency(fields, 'currency');
  const [hasPrice, hasCurrency] = [has(fields, 'price'), has(fields, 'currency')];
  if (hasPrice && !hasCurrency) report(fields, 'currency', { code: 'required', message: 'is required beside price' });
  if (hasCurrency && !hasPrice) report(fields, 'price', { code: 'required', message: 'is required beside currency' });
  return { price, currency };
}

function readItem(fields: Fields, rules: IntakeRules): ItemChanged {
  const namespace = readNamespace(fields, rules);
  return {
    namespace,
    itemId: requireText(fields, 'item_id', idRule),
    revision: readRevision(fields, rules.receivedAt, rules.settingsOf(namespace).max_event_future_ms),
    available: readBoolean(fields, 'available') ?? true,
    hidden: readBoolean(fields, 'hidden') ?? false,
    ...readPrice(fields),
    tags: readTags(fields),
    parentId: readText(fields, 'parent_id', idRule),
    bundleOf: readTexts(fields, 'bundle_of', itemRules.bundles, idRule) ?? [],
    title: readText(fields, 'title', itemRules.title),
    description: readText(fields, 'description', itemRules.description),
    url: readWebAddress(fields, 'url'),
    imageUrl: readWebAddress(fields, 'image_url'),
    publishedAt: readInstant(fields, 'published_at'),
    archivedAt: readInstant(fields, 'archived_at'),
    properties: readProperties(fields, 'properties', { refusePersonal: false }),
    receivedAt: rules.receivedAt,
  };
}

/** One catalogue item, whole: an upsert replaces what was there. The same promises as `parseInteraction`. */
export function parseItem(input: unknown, path: string, rules: IntakeRules): Parsed<ItemChanged> {
  if (!isObject(input)) return { ok: false, problems: [{ code: 'wrong_type', path, message: 'must be an object' }] };
  const fields: Fields = { source: input, path, problems: [] };
  refuseUnknown(fields, known);
  const item = readItem(fields, rules);
  return fields.problems.length > 0 ? { ok: false, problems: fields.problems } : { ok: true, value: item };
}
