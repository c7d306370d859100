import { type Fields, has, isObject, type Parsed, readBoolean, report, requireText } from './fields.ts';
import type { IntakeRules } from './identity.ts';
import { readRevision } from './revision.ts';
import { idRule } from './text.ts';
import { readInstant } from './timestamp.ts';

/** A row of a catalogue service before it is judged as an item. */
export type PulledItem =
  | { readonly deleted: true; readonly itemId: string; readonly revision: number }
  /** As `POST /v1/items:upsert` would have it. */
  | { readonly deleted: false; readonly input: Readonly<Record<string, unknown>> };

/**
 * A row is an item of the namespace that is pulled into, or says by `deleted: true` that there is none any more; what else
 * a deleted row holds does not matter. It says which change it is, by `updated_at` or `revision`: without, each pull would
 * be a change of its own.
 */
export function parsePulledItem(
  input: unknown,
  path: string,
  { namespace, rules }: { readonly namespace: string; readonly rules: IntakeRules },
): Parsed<PulledItem> {
  if (!isObject(input)) return { ok: false, problems: [{ code: 'wrong_type', path, message: 'must be an object' }] };
  const fields: Fields = { source: input, path, problems: [] };
  const isDeleted = readBoolean(fields, 'deleted') ?? false;
  if (has(fields, 'namespace') && input.namespace !== namespace) {
    report(fields, 'namespace', { code: 'not_allowed', message: 'is not the namespace that is pulled into' });
  }
  if (!has(fields, 'updated_at') && !has(fields, 'revision')) {
    report(fields, 'updated_at', { code: 'required', message: 'is required where there is no revision' });
  }
  const value = isDeleted
    ? readDeleted(fields, namespace, rules)
    : { deleted: false as const, input: asItem(input, namespace) };
  return fields.problems.length > 0 ? { ok: false, problems: fields.problems } : { ok: true, value };
}

function readDeleted(fields: Fields, namespace: string, rules: IntakeRules): PulledItem {
  return {
    deleted: true,
    itemId: requireText(fields, 'item_id', idRule),
    revision: readRevision(fields, rules.receivedAt, rules.settingsOf(namespace).max_event_future_ms),
  };
}

function asItem({ deleted: _, ...item }: Readonly<Record<string, unknown>>, namespace: string) {
  return { ...item, namespace };
}

/** When the row changed, milliseconds since the epoch; null where it does not say, or says something of the future. */
export function changedAt(input: unknown, latest: number): number | null {
  if (!isObject(input)) return null;
  const at = readInstant({ source: input, path: '$', problems: [] }, 'updated_at');
  return at !== null && at <= latest ? at : null;
}
