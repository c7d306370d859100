import type { ConfigChanged } from '../../../schemas/generated/config-changed.v1.ts';
import { ruleSchema } from '../rule.ts';
import { namespaceSettingsSchema } from '../settings.ts';
import { type Fields, has, isObject, type Parsed, readOneOf, readText, refuseUnknown, report } from './fields.ts';
import { type IntakeRules, readNamespace } from './identity.ts';
import { canonicalJson, readRevision } from './revision.ts';
import { idRule } from './text.ts';

const known = new Set(['namespace', 'kind', 'id', 'revision', 'updated_at', 'body']);

/** Kinds of configuration: one `settings` document a namespace, any number of documents of kind `rule`. */
export const configKinds = ['settings', 'rule'] as const;
export type ConfigKind = (typeof configKinds)[number];

const schemas = { settings: namespaceSettingsSchema, rule: ruleSchema } as const;

/** Settings have one document a namespace. */
export const settingsId = 'default';

/** A document is one record and is held in memory by every process. */
const bodyLimit = 65_536;

/** The document as it was written, defaults left out, so that a later default applies to it too. */
function readBody(fields: Fields, kind: ConfigKind): string {
  if (!has(fields, 'body')) {
    report(fields, 'body', { code: 'required', message: 'is required' });
    return '{}';
  }
  const result = schemas[kind].safeParse(fields.source.body);
  for (const { code, path, message } of result.error?.issues ?? []) {
    const isUnknown = code === 'unrecognized_keys'; // its message would show the client's own names
    report(fields, ['body', ...path].join('.'), {
      code: isUnknown ? 'unknown_field' : `invalid_${kind === 'rule' ? 'rule' : 'setting'}`,
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

function readId(fields: Fields, kind: ConfigKind): string {
  const id = readText(fields, 'id', idRule);
  if (kind === 'rule') {
    if (id === null && !has(fields, 'id')) report(fields, 'id', { code: 'required', message: 'is required of a rule' });
    return id ?? '';
  }
  if (id !== null && id !== settingsId)
    report(fields, 'id', { code: 'invalid_format', message: `settings have the id ${settingsId}` });
  return settingsId;
}

function readDocument(fields: Fields, rules: IntakeRules): ConfigChanged {
  const namespace = readNamespace(fields, rules);
  const kind = readOneOf(fields, 'kind', configKinds) ?? 'settings';
  return {
    namespace,
    kind,
    id: readId(fields, kind),
    revision: readRevision(fields, rules.receivedAt, rules.settingsOf(namespace).max_event_future_ms),
    body: readBody(fields, kind),
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
