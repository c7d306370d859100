import { and, eq, gte, lt, type SQL, sql } from 'drizzle-orm';
import type { DeadLetterFilter, DeadLetterKey } from '../dead-letter.ts';
import { deadLetter as table } from './tables/dead-letter.ts';

/** Undefined where nothing is asked for. */
export function filterCondition(filter: DeadLetterFilter): SQL | undefined {
  const { stage, stateVersion, reason, status, topic, key, eventId, text, from, to } = filter;
  return and(
    stage === undefined ? undefined : eq(table.stage, stage),
    stateVersion === undefined ? undefined : eq(table.stateVersion, stateVersion),
    reason === undefined ? undefined : eq(table.reason, reason),
    status === undefined ? undefined : eq(table.status, status),
    topic === undefined ? undefined : eq(table.topic, topic),
    key === undefined ? undefined : eq(table.key, key),
    eventId === undefined ? undefined : eq(table.eventId, eventId),
    text === undefined ? undefined : sql`position(lower(${text}) in lower(${table.message})) > 0`,
    from === undefined ? undefined : gte(table.lastFailedAt, from),
    to === undefined ? undefined : lt(table.lastFailedAt, to),
  );
}

const keyOf = sql`(${table.stateVersion}, ${table.stage}, ${table.topic}, ${table.partition}, ${table.offset})`;

const literalOf = ({ stateVersion, stage, topic, partition, offset }: DeadLetterKey): SQL =>
  sql`(${stateVersion}::int, ${stage}::text, ${topic}::text, ${partition}::int, ${offset.toString()}::bigint)`;

/** Rows compare as the primary key's index is ordered. */
export const afterKey = (key: DeadLetterKey): SQL => sql`${keyOf} > ${literalOf(key)}`;

/** In a list with the newest failure first, and among equal ones the lowest key. */
export const afterPosition = (position: DeadLetterKey & { readonly lastFailedAt: number }): SQL => {
  const at = sql`${new Date(position.lastFailedAt).toISOString()}::timestamptz`;
  return sql`(${table.lastFailedAt} < ${at} OR (${table.lastFailedAt} = ${at} AND ${keyOf} > ${literalOf(position)}))`;
};
