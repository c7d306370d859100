import type { ImpressionItem, ImpressionRecorded } from '../../../schemas/generated/impression-recorded.v1.ts';
import {
  type Fields,
  has,
  isObject,
  type Parsed,
  pathOf,
  readNumber,
  readObjects,
  readText,
  readTexts,
  refuseUnknown,
  report,
  requireNumber,
  requireText,
} from './fields.ts';
import { type IntakeRules, readIdentity } from './identity.ts';
import { idRule } from './text.ts';
import { readTrace } from './traceparent.ts';

export const impressionItemLimit = 200;
export const impressionRules = {
  sources: 16,
  label: { max: 64 },
  position: { min: 1, max: 100_000, integer: true },
  propensity: { min: 0, max: 1 },
  stateVersion: { min: 0, max: 2 ** 31 - 1, integer: true },
} as const;
const { label } = impressionRules;

const known = new Set([
  'event_id',
  'source_event_id',
  'namespace',
  'user_id',
  'anonymous',
  'session_id',
  'request_id',
  'surface',
  'occurred_at',
  'consent',
  'items',
  'variant',
  'propensity',
  'state_version',
  'trace',
]);
const itemFields = new Set(['item_id', 'position', 'sources']);

function readItem(item: Fields): ImpressionItem {
  refuseUnknown(item, itemFields);
  return {
    itemId: requireText(item, 'item_id', idRule),
    position: requireNumber(item, 'position', impressionRules.position),
    sources: readTexts(item, 'sources', impressionRules.sources, label) ?? [],
  };
}

/** A slate shows an item once and has one item a position. */
function refuseRepeats(fields: Fields, items: readonly ImpressionItem[]): void {
  const positions = new Set<number>();
  const ids = new Set<string>();
  const path = pathOf(fields, 'items');
  items.forEach(({ itemId, position }, index) => {
    const fault = (code: string, name: string) =>
      fields.problems.push({ code, path: `${path}[${index}].${name}`, message: 'is in this slate already' });
    if (ids.has(itemId)) fault('duplicate_item', 'item_id');
    if (positions.has(position)) fault('duplicate_position', 'position');
    ids.add(itemId);
    positions.add(position);
  });
}

function readItems(fields: Fields): readonly ImpressionItem[] {
  if (!has(fields, 'items')) report(fields, 'items', { code: 'required', message: 'is required' });
  const faults = fields.problems.length;
  const items = readObjects(fields, 'items', impressionItemLimit, readItem) ?? [];
  if (fields.problems.length > faults) return items;
  if (has(fields, 'items') && items.length === 0)
    report(fields, 'items', { code: 'too_few', message: 'must not be empty', limit: 1 });
  refuseRepeats(fields, items);
  return items;
}

/** One slate as any door receives it; the same promises as `parseInteraction`. */
export function parseImpression(input: unknown, path: string, rules: IntakeRules): Parsed<ImpressionRecorded> {
  if (!isObject(input)) return { ok: false, problems: [{ code: 'wrong_type', path, message: 'must be an object' }] };
  const fields: Fields = { source: input, path, problems: [] };
  refuseUnknown(fields, known);
  const impression: ImpressionRecorded = {
    ...readIdentity(fields, rules),
    surface: readText(fields, 'surface', label),
    items: readItems(fields),
    variant: readText(fields, 'variant', label),
    propensity: readNumber(fields, 'propensity', impressionRules.propensity),
    stateVersion: readNumber(fields, 'state_version', impressionRules.stateVersion),
    trace: readTrace(fields, rules.trace),
  };
  if (fields.problems.length > 0) return { ok: false, problems: fields.problems };
  return { ok: true, value: impression };
}
