import type { ConfigChanged } from '../../../schemas/generated/config-changed.v1.ts';
import { namespaceSettingsSchema } from '../settings.ts';
import { type Fields, has, isObject, type Parsed, readOneOf, readText, refuseUnknown, report } from './fields.ts';
import { type IntakeRules, readNamespace } from './identity.ts';
import { canonicalJson, readRevision } from './revision.ts';
import { idRule } from './text.ts';

const known = new Set(['namespace', 'kind', 'id', 'revision', 'updated_at', 'body']);

/** Settings have one document a namespace. */
export const settingsId = 'default';

/** A document is one record and is held in memory by every process. */
const bodyLimit = 65_536;

/** The settings as they were written, defaults left out, so that a later default applies to them too. */
function readSettings(fields: Fields): string {
  if (!has(fields, 'body')) {
    report(fields, 'body', { code: 'required', message: 'is required' });
    return '{}';
  }
  const result = namespaceSettingsSchema.safeParse(fields.source.body);
  for (const { code, path, message } of result.error?.issues ?? []) {
    const isUnknown = code === 'unrecognized_keys'; // its message would show the client's own names
    report(fields, ['body', ...path].join('.'), {
      code: isUnknown ? 'unknown_field' : 'invalid_setting',
      message: isUnknown ? 'has a field that there is not' : message,
    });
  }
  if (!result.success) return '{}';
  const body = canonicalJson(fields.source.body);
  if (Buffer.byteLength(body) > bodyLimit) {
    report(fields, 'body', { code: 'too_large', message: `has at most ${bodyLimit} bytes`, limit: bodyLimit });
  }
  return body;
}

function readDocument(fields: Fields, rules: IntakeRules): ConfigChanged {
  const namespace = readNamespace(fields, rules);
  const kind = readOneOf(fields, 'kind', ['settings'] as const) ?? 'settings';
  const id = readText(fields, 'id', idRule) ?? settingsId;
  if (id !== settingsId)
    report(fields, 'id', { code: 'invalid_format', message: `settings have the id ${settingsId}` });
  return {
    namespace,
    kind,
    id,
    revision: readRevision(fields, rules.receivedAt, rules.settingsOf(namespace).max_event_future_ms),
    body: readSettings(fields),
    receivedAt: rules.receivedAt,
  };
}

/** One configuration document, whole. The same promises as `parseInteraction`. */
export function parseConfigDocument(input: unknown, path: string, rules: IntakeRules): Parsed<ConfigChanged> {
  if (!isObject(input)) return { ok: false, problems: [{ code: 'wrong_type', path, message: 'must be an object' }] };
  const fields: Fields = { source: input, path, problems: [] };
  refuseUnknown(fields, known);
  const document = readDocument(fields, rules);
  return fields.problems.length > 0 ? { ok: false, problems: fields.problems } : { ok: true, value: document };
}
