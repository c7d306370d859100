import { printAddress } from '../../pipeline/domain/dead-letter-address.ts';
import type { DeadLetterSummary, OperatorAction, StoredDeadLetter } from '../../pipeline/stores/dead-letter.ts';
import type { LetterView, RunResult } from './verbs.ts';

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes as text where they are some, else undefined. */
export function textOf(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Text where it is text, else base64 under another name. */
function readable(name: string, bytes: Buffer | null): Readonly<Record<string, string | null>> {
  const text = bytes === null ? null : textOf(bytes);
  return text === undefined ? { [`${name}_base64`]: (bytes as Buffer).toString('base64') } : { [name]: text };
}

/** A letter without its value. */
export function letterDocument(letter: StoredDeadLetter): Readonly<Record<string, unknown>> {
  return {
    id: printAddress(letter),
    stage: letter.stage,
    state_version: letter.stateVersion,
    topic: letter.topic,
    partition: letter.partition,
    offset: letter.offset.toString(),
    status: letter.status,
    reason: letter.reason,
    message: letter.message,
    event_id: letter.eventId,
    ...readable('key', letter.key),
    value_bytes: letter.value?.length ?? null,
    attempts: letter.attempt,
    redrives: letter.redriveCount + (letter.status === 'redriven' ? 1 : 0),
    first_failed_at: iso(letter.firstFailedAt),
    last_failed_at: iso(letter.lastFailedAt),
    recorded_at: iso(letter.recordedAt),
    acted_at: iso(letter.actedAt),
    app_version: letter.appVersion,
  };
}

const actionDocument = ({ at, operator, verb, reason, details }: OperatorAction) => ({
  at: iso(at),
  operator,
  verb,
  reason,
  details,
});

/** One letter with everything that is known of it. */
export function viewDocument({ letter, look, history }: LetterView): Readonly<Record<string, unknown>> {
  const { value, schema, undecodable, unreadableToday } = look;
  return {
    ...letterDocument(letter),
    writer_schema_id: letter.writerSchemaId,
    writer_schema: schema,
    ...(undecodable === null ? { value } : { undecodable, value_base64: letter.value?.toString('base64') ?? null }),
    unreadable_today: unreadableToday,
    headers: letter.headers.map((header) => ({ name: header.name, ...readable('value', header.value) })),
    history: history.map(actionDocument),
  };
}

export const summaryDocument = (row: DeadLetterSummary): Readonly<Record<string, unknown>> => ({
  stage: row.stage,
  state_version: row.stateVersion,
  reason: row.reason,
  status: row.status,
  count: row.count,
  oldest_failed_at: iso(row.oldestFailedAt),
  newest_failed_at: iso(row.newestFailedAt),
});

/** `settled` names the count: `redriven`, `discarded`, or what a dry run says. */
export function resultDocument(settled: string, result: RunResult): Readonly<Record<string, unknown>> {
  return {
    [settled]: result.settled,
    refused: result.refused,
    busy: result.busy,
    absent: result.absent,
    not_open: result.notOpen,
    ended_by: result.endedBy,
    failure: result.failure,
    groups: result.groups.map(({ stateVersion, ...group }) => ({ ...group, state_version: stateVersion })),
  };
}
