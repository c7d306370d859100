import type { InteractionRecorded, InteractionType } from '../../../schemas/generated/interaction-recorded.v1.ts';
import { interactionTypes } from '../interaction-type.ts';
import { quantityRule, readCommerce, readOrder, readWatch } from './commerce.ts';
import { readContext } from './context.ts';
import {
  type Fields,
  has,
  isObject,
  type NumberRule,
  type Parsed,
  readNumber,
  readText,
  refuseUnknown,
  report,
} from './fields.ts';
import { type IntakeRules, readIdentity } from './identity.ts';
import { requireByType } from './interaction-keys.ts';
import { readParts } from './meta.ts';
import { readPropertyMap } from './properties.ts';
import { idRule } from './text.ts';
import { readTrace } from './traceparent.ts';

const known = new Set([
  'event_id',
  'source_event_id',
  'namespace',
  'user_id',
  'anonymous',
  'session_id',
  'request_id',
  'item_id',
  'type',
  'value',
  'occurred_at',
  'consent',
  'context',
  'commerce',
  'order',
  'watch',
  'properties',
  'meta',
  'trace',
]);

const stars = { min: 1, max: 5 };
export const anyNumber = { min: -1e12, max: 1e12 };
/** Bounds of `value` by type; `anyNumber` for the others. */
export const valueRules = {
  add: quantityRule,
  purchase: quantityRule,
  rating: stars,
  watch: { min: 0, max: 1e8 },
} as const satisfies Readonly<Partial<Record<InteractionType, NumberRule>>>;

const ruleOfValue = (type: InteractionType | null): NumberRule =>
  type !== null && type in valueRules ? valueRules[type as keyof typeof valueRules] : anyNumber;

/** Doors for one type only leave `type` out; then `fallback` stands in. */
function readType(fields: Fields, fallback: InteractionType | null): InteractionType | null {
  const value = fields.source.type;
  if (value === undefined || value === null)
    return fallback ?? report(fields, 'type', { code: 'required', message: 'is required' });
  if (typeof value !== 'string' && typeof value !== 'number') {
    return report(fields, 'type', { code: 'wrong_type', message: 'must be a name or a number from 0 to 8' });
  }
  const type = typeof value === 'number' ? interactionTypes[value] : interactionTypes.find((one) => one === value);
  if (type === undefined) {
    return report(fields, 'type', {
      code: 'unknown_type',
      message: `must be one of ${interactionTypes.join(', ')}, or 0 to 8`,
    });
  }
  if (fallback !== null && type !== fallback) {
    return report(fields, 'type', { code: 'conflicting_fields', message: `only ${fallback} is taken here` });
  }
  return type;
}

function readItemId(fields: Fields, type: InteractionType | null): string | null {
  if (!has(fields, 'item_id') && type !== null && type !== 'custom')
    report(fields, 'item_id', { code: 'required', message: 'is required' });
  return readText(fields, 'item_id', idRule);
}

function readInteraction(fields: Fields, rules: IntakeRules, only: InteractionType | null): InteractionRecorded {
  refuseUnknown(fields, known);
  const identity = readIdentity(fields, rules);
  const type = readType(fields, only);
  const parts = readParts(fields);
  const interaction: InteractionRecorded = {
    ...identity,
    itemId: readItemId(fields, type),
    type: type ?? 'custom',
    value: readNumber(fields, 'value', ruleOfValue(type)),
    context: readContext(parts.context),
    commerce: readCommerce(parts.commerce),
    order: readOrder(fields),
    watch: readWatch(fields),
    properties: parts.properties ? readPropertyMap(parts.properties, { refusePersonal: true }) : {},
    trace: readTrace(fields, rules.trace),
  };
  if (type !== null) requireByType(fields, parts, interaction);
  return interaction;
}

/** What the user did not agree to is not kept. */
function withinConsent(interaction: InteractionRecorded): InteractionRecorded {
  return interaction.consent === 'full' ? interaction : { ...interaction, context: null, properties: {} };
}

/**
 * One interaction as any door receives it. Reports every fault it finds, and never throws whatever the
 * input. `path` is the JSON path of the input in the request; `only` is the type of a door for one type.
 */
export function parseInteraction(
  input: unknown,
  path: string,
  rules: IntakeRules,
  only: InteractionType | null = null,
): Parsed<InteractionRecorded> {
  if (!isObject(input)) return { ok: false, problems: [{ code: 'wrong_type', path, message: 'must be an object' }] };
  const fields: Fields = { source: input, path, problems: [] };
  const interaction = readInteraction(fields, rules, only);
  if (fields.problems.length > 0) return { ok: false, problems: fields.problems };
  return { ok: true, value: withinConsent(interaction) };
}
