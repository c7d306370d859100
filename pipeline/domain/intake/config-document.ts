import type { ConfigChanged } from '../../../schemas/generated/config-changed.v1.ts';
import { namespaceSettingsSchema } from '../settings.ts';
import { type Fields, has, isObject, type Parsed, readOneOf, readText, refuseUnknown, report } from './fields.ts';
import { type IntakeRules, readNamespace } from './identity.ts';
import { canonicalJson, readRevision } from './revision.ts';
import { idRule } from './text.ts';

const known = new Set(['namespace', 'kind', 'id', 'revision', 'updated_at', 'body']);

/** Settings have one document a namespace. */
export const settingsId = 'default';

/** The settings as they were written, defaults left out, so that a later default applies to them too. */
function readSettings(fields: Fields): string {
  if (!has(fields, 'body')) {
    report(fields, 'body', { code: 'required', message: 'is required' });
    return '{}';
  }
  const result = namespaceSettingsSchema.safeParse(fields.source.body);
  for (const issue of result.error?.issues ?? []) {
    const path = ['body', ...issue.path].join('.');
    const code = issue.code === 'unrecognized_keys' ? 'unknown_field' : 'invalid_setting';
    report(fields, path, {
      code: code,
      message: issue.code === 'unrecognized_keys' ? 'has a field that there is not' : issue.message,
    });
  }
  return canonicalJson(fields.source.body ?? {});
}

function readDocument(fields: Fields, rules: IntakeRules): ConfigChanged {
  const namespace = readNamespace(fields);
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
