import type { UserChanged } from '../../../schemas/generated/user-changed.v1.ts';
import { type Fields, isObject, type Parsed, readObject, refuseUnknown, requireText } from './fields.ts';
import { type IntakeRules, readConsent, readNamespace } from './identity.ts';
import { readPropertyMap } from './properties.ts';
import { readRevision } from './revision.ts';
import { idRule } from './text.ts';
import { readInstant } from './timestamp.ts';

const known = new Set(['namespace', 'user_id', 'revision', 'updated_at', 'traits', 'consent', 'last_seen_at']);

/** Lists are written comma separated, booleans as true and false; other values stay and are judged. */
function asText(value: unknown): unknown {
  if (Array.isArray(value) && value.every((member) => typeof member === 'string')) return value.join(',');
  return typeof value === 'boolean' ? String(value) : value;
}

/** Traits such as locale, country, device, loyalty_tier, newsletter, preferred_categories; nothing personal. */
function readTraits(fields: Fields): Readonly<Record<string, string>> {
  const traits = readObject(fields, 'traits');
  if (traits === null) return {};
  const source: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(traits.source)) source[name] = asText(value);
  return readPropertyMap({ ...traits, source }, { refusePersonal: true });
}

function readUser(fields: Fields, rules: IntakeRules): UserChanged {
  const namespace = readNamespace(fields, rules);
  return {
    namespace,
    userId: requireText(fields, 'user_id', idRule),
    revision: readRevision(fields, rules.receivedAt, rules.settingsOf(namespace).max_event_future_ms),
    traits: readTraits(fields),
    consent: readConsent(fields),
    lastSeenAt: readInstant(fields, 'last_seen_at'),
    receivedAt: rules.receivedAt,
  };
}

/** One user's traits, whole: an upsert replaces what was there. The same promises as `parseInteraction`. */
export function parseUser(input: unknown, path: string, rules: IntakeRules): Parsed<UserChanged> {
  if (!isObject(input)) return { ok: false, problems: [{ code: 'wrong_type', path, message: 'must be an object' }] };
  const fields: Fields = { source: input, path, problems: [] };
  refuseUnknown(fields, known);
  const user = readUser(fields, rules);
  return fields.problems.length > 0 ? { ok: false, problems: fields.problems } : { ok: true, value: user };
}
