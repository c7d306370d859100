import { type Fields, isObject, readText, requireText } from '../../../domain/intake/fields.ts';
import { readEventId } from '../../../domain/intake/identity.ts';
import { defaultNamespace, idRule, namespaceRule, type TextRule } from '../../../domain/intake/text.ts';
import { readInstant } from '../../../domain/intake/timestamp.ts';
import { messageOf } from '../../../kernel/errors.ts';
import type { OutboxEvent } from './event.ts';
import { refusal } from './refusal.ts';

export const eventsLimit = 1_000;
/** Leaves room for the key within a record batch of 1 MiB. */
export const eventBytesLimit = 1_000_000;

const traceRule: TextRule = {
  max: 55,
  pattern: /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/,
  shape: 'a W3C traceparent',
};

const ownId = 'Give each event an id of its own that stays the same when it is sent again, such as order-17-line-1.';
const remedies: Readonly<Record<string, string>> = {
  namespace: 'Leave it out for the namespace default.',
  event_id: ownId,
  source_event_id: ownId,
  user_id: 'Name who acted; a visitor without an account has a user_id too, with anonymous true.',
  occurred_at:
    'Write ISO-8601 with a zone, a number of seconds or one of milliseconds; or leave it out: then it is the time of the append.',
  trace: 'Leave it out.',
};

/** A NUL or a lone surrogate as `JSON.stringify` writes them; Postgres takes neither into jsonb. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

/** Where such a character is. */
function unstorablePath(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : path;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    if (!isStorable(name)) return path;
    const found = unstorablePath(member, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The event as it will be stored: what JSON does to dates, undefined and NaN is done before it is judged. */
function serialised(event: unknown, path: string): string {
  const remedy = 'Pass the event as one JSON object.';
  let text: string | undefined;
  try {
    text = JSON.stringify(event);
  } catch (error) {
    throw refusal({ path, code: 'wrong_type', wrong: `cannot be written as JSON: ${messageOf(error, 100)}`, remedy });
  }
  if (text === undefined || !text.startsWith('{'))
    throw refusal({ path, code: 'wrong_type', wrong: 'must be an object', remedy });
  return text;
}

function checkFields(source: Readonly<Record<string, unknown>>, path: string): string {
  const fields: Fields = { source, path, problems: [] };
  const namespace = readText(fields, 'namespace', namespaceRule) ?? defaultNamespace;
  const eventId = readEventId(fields);
  requireText(fields, 'user_id', idRule);
  readInstant(fields, 'occurred_at');
  readText(fields, 'trace', traceRule);
  const [first] = fields.problems;
  if (first === undefined) return `${namespace}|${eventId}`;
  const { code, message: wrong } = first;
  const name = first.path.slice(path.length + 1);
  const remedy = code === 'conflicting_fields' ? 'Leave out one of the two.' : (remedies[name] as string);
  throw refusal({ path: first.path, code, wrong, remedy });
}

function checkSize(text: string, path: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= eventBytesLimit) return;
  const wrong = `has ${bytes} bytes of JSON, at most ${eventBytesLimit} are allowed`;
  throw refusal({ path, code: 'too_large', wrong, remedy: 'Send less in one event.' });
}

/**
 * The list as JSON text; throws FreshetError that names the first fault, before anything was sent, so that the
 * transaction stays usable.
 */
export function submittedEvents(events: readonly OutboxEvent[]): string {
  if (!Array.isArray(events)) {
    throw refusal({ path: '$', code: 'wrong_type', wrong: 'must be a list', remedy: 'Pass the events as an array.' });
  }
  if (events.length > eventsLimit) {
    const wrong = `has ${events.length} events, at most ${eventsLimit} are allowed`;
    const remedy = 'Append the rest with another call in the same transaction.';
    throw refusal({ path: '$', code: 'batch_too_large', wrong, remedy });
  }
  const seen = new Set<string>();
  const texts = events.map((event, index) => {
    const path = `$[${index}]`;
    const text = serialised(event, path);
    const source: unknown = JSON.parse(text);
    const id = checkFields(isObject(source) ? source : {}, path);
    if (seen.has(id)) {
      const wrong = 'comes twice in this list';
      throw refusal({ path: `${path}.event_id`, code: 'duplicate_in_batch', wrong, remedy: ownId });
    }
    seen.add(id);
    checkSize(text, path);
    if (unstorable.test(text)) {
      const wrong = 'must be well-formed Unicode without NUL characters';
      const where = unstorablePath(source, path) ?? path;
      throw refusal({ path: where, code: 'malformed_text', wrong, remedy: 'Remove or replace such characters.' });
    }
    return text;
  });
  return `[${texts.join()}]`;
}
