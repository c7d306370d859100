import {
  anyCaller,
  type Caller,
  homeOf,
  maySpeakFor,
  mayUseNamespace,
  namespaceForbidden,
  userForbidden,
} from '../caller.ts';
import type { NamespaceSettings } from '../settings.ts';
import { type Fields, has, pathOf, readBoolean, readOneOf, readText, report, requireText } from './fields.ts';
import { eventIdRule, type Fault, idRule, namespaceRule, textFault } from './text.ts';
import { readOccurredAt } from './timestamp.ts';

/** What a namespace decides about its events. */
export type IntakeSettings = Pick<NamespaceSettings, 'max_event_future_ms' | 'max_event_age_ms' | 'default_consent'>;

/** What holds for all events of one request. */
export interface IntakeRules {
  /** The server's clock, milliseconds since the epoch. */
  readonly receivedAt: number;
  readonly settingsOf: (namespace: string) => IntakeSettings;
  /** W3C traceparent of the request, or null. */
  readonly trace: string | null;
  /** Who sends them; anybody where it is left out, as on ingest topics. */
  readonly caller?: Caller;
}

export const consents = ['full', 'functional', 'none'] as const;

export const readConsent = (fields: Fields, name = 'consent') => readOneOf(fields, name, consents);

/** What is not allowed is told before what is not right. */
function refuseFirst(fields: Fields, name: string, fault: Fault): void {
  fields.problems.unshift({ ...fault, path: pathOf(fields, name) });
}

/** The caller's own where the input names none. */
export function readNamespace(fields: Fields, { caller = anyCaller }: Pick<IntakeRules, 'caller'>): string {
  const namespace = readText(fields, 'namespace', namespaceRule) ?? homeOf(caller);
  if (!mayUseNamespace(caller, namespace)) refuseFirst(fields, 'namespace', namespaceForbidden);
  return namespace;
}

function readUserId(fields: Fields, { caller = anyCaller }: Pick<IntakeRules, 'caller'>): string {
  const userId = requireText(fields, 'user_id', idRule);
  if (!maySpeakFor(caller, userId)) refuseFirst(fields, 'user_id', userForbidden);
  return userId;
}

export function readEventId(fields: Fields): string {
  if (!has(fields, 'source_event_id')) return requireText(fields, 'event_id', eventIdRule);
  const alias = readText(fields, 'source_event_id', eventIdRule) ?? '';
  if (has(fields, 'event_id') && fields.source.event_id !== alias) {
    report(fields, 'source_event_id', { code: 'conflicting_fields', message: 'differs from event_id' });
  }
  return alias;
}

/** The event's id where it is well formed, so that an answer can name the event without echoing anything else. */
export function eventIdOf(input: unknown): string | null {
  if (typeof input !== 'object' || input === null) return null;
  const { event_id: eventId, source_event_id: alias } = input as Record<string, unknown>;
  const id = eventId ?? alias;
  return textFault(id, eventIdRule) === undefined ? (id as string) : null;
}

/** What interactions and impressions have in common. */
export function readIdentity(fields: Fields, rules: IntakeRules) {
  const namespace = readNamespace(fields, rules);
  const settings = rules.settingsOf(namespace);
  return {
    eventId: readEventId(fields),
    namespace,
    userId: readUserId(fields, rules),
    anonymous: readBoolean(fields, 'anonymous') ?? false,
    sessionId: readText(fields, 'session_id', idRule),
    requestId: readText(fields, 'request_id', idRule),
    occurredAt: readOccurredAt(fields, {
      receivedAt: rules.receivedAt,
      maxFutureMs: settings.max_event_future_ms,
      maxAgeMs: settings.max_event_age_ms,
    }),
    receivedAt: rules.receivedAt,
    consent: readConsent(fields) ?? settings.default_consent,
  };
}
