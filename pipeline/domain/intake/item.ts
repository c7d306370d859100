import type { ItemChanged } from '../../../schemas/generated/item-changed.v1.ts';
import {
  type Fields,
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
import { currencyRule, decimalRule, idRule } from './text.ts';
import { readInstant } from './timestamp.ts';

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
  link: { max: 2_048 },
  title: { max: 512 },
  description: { max: 8_192 },
} as const;

function readItem(fields: Fields, rules: IntakeRules): ItemChanged {
  const namespace = readNamespace(fields);
  const price = readText(fields, 'price', decimalRule);
  const currency = readText(fields, 'currency', currencyRule);
  if (price !== null && currency === null)
    report(fields, 'currency', { code: 'required', message: 'is required beside price' });
  return {
    namespace,
    itemId: requireText(fields, 'item_id', idRule),
    revision: readRevision(fields, rules.receivedAt, rules.settingsOf(namespace).max_event_future_ms),
    available: readBoolean(fields, 'available') ?? true,
    hidden: readBoolean(fields, 'hidden') ?? false,
    price,
    currency,
    tags: readTags(fields),
    parentId: readText(fields, 'parent_id', idRule),
    bundleOf: readTexts(fields, 'bundle_of', itemRules.bundles, idRule) ?? [],
    title: readText(fields, 'title', itemRules.title),
    description: readText(fields, 'description', itemRules.description),
    url: readText(fields, 'url', itemRules.link),
    imageUrl: readText(fields, 'image_url', itemRules.link),
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
