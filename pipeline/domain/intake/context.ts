import type { Context } from '../../../schemas/generated/interaction-recorded.v1.ts';
import { type Fields, readBoolean, readNumber, readText, refuseUnknown } from './fields.ts';

export const contextRules = {
  label: { max: 64 },
  link: { max: 2_048 },
  text: { max: 256 },
  rank: { min: 1, max: 100_000, integer: true },
} as const;
const { label, link } = contextRules;

export const contextFields: ReadonlySet<string> = new Set([
  'surface',
  'widget',
  'rank',
  'recommended',
  'referrer',
  'href',
  'text',
  'experiment',
  'ab_bucket',
  'kind',
]);

/** Where an interaction happened; null where nothing is said about it. */
export function readContext(context: Fields | null): Context | null {
  if (context === null) return null;
  refuseUnknown(context, contextFields);
  const result: Context = {
    surface: readText(context, 'surface', label),
    widget: readText(context, 'widget', label),
    rank: readNumber(context, 'rank', contextRules.rank),
    recommended: readBoolean(context, 'recommended'),
    referrer: readText(context, 'referrer', link),
    href: readText(context, 'href', link),
    text: readText(context, 'text', contextRules.text),
    experiment: readText(context, 'experiment', label),
    abBucket: readText(context, 'ab_bucket', label),
    kind: readText(context, 'kind', label),
  };
  return Object.values(result).every((value) => value === null) ? null : result;
}
