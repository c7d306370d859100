import { and, asc, count, desc, eq, lt, max, min, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { DeadLetterEntry, DeadLetterIndex, DeadLetters, OperatorAction } from '../dead-letter.ts';
import { type Database, translate } from './database.ts';
import { afterPosition, filterCondition } from './dead-letter-filter.ts';
import { letterOf, selectLetters } from './dead-letter-rows.ts';
import { deadLetter as table } from './tables/dead-letter.ts';

/** Rows an INSERT: 20 parameters each, and Postgres takes 65,535. */
const maxRows = 1_000;

export function createPostgresDeadLetterIndex(database: Pick<Database, 'pool'>): DeadLetterIndex {
  const db = drizzle(database.pool);
  return {
    async put(entries) {
      const rows = newestOfEach(entries).map(rowOf);
      for (let from = 0; from < rows.length; from += maxRows) {
        await translated(
          db
            .insert(table)
            .values(rows.slice(from, from + maxRows))
            .onConflictDoUpdate({
              target: [table.stateVersion, table.stage, table.topic, table.partition, table.offset],
              set: failedAgain,
              setWhere: isNews,
            }),
        );
      }
    },
    async expire(before) {
      const { rowCount } = await translated(db.delete(table).where(lt(table.lastFailedAt, before)));
      return rowCount ?? 0;
    },
    async open() {
      const { stage, reason, firstFailedAt, status } = table;
      const rows = await translated(
        db
          .select({ stage, reason, count: count(), oldest: min(firstFailedAt) })
          .from(table)
          .where(eq(status, 'open'))
          .groupBy(stage, reason),
      );
      return rows.map(({ oldest, ...row }) => ({ ...row, oldestFailedAt: oldest ?? 0 }));
    },
  };
}

/**
 * What was indexed already, perhaps discarded since, comes again when the topic is read anew. Counts are compared
 * before clocks: they are those of several machines.
 */
const isNews = sql`excluded.redrive_count > ${table.redriveCount}
  OR excluded.last_failed_at > greatest(${table.lastFailedAt}, ${table.actedAt})`;

const failedAgain = {
  reason: sql`excluded.reason`,
  message: sql`excluded.message`,
  eventId: sql`excluded.event_id`,
  attempt: sql`excluded.attempt`,
  redriveCount: sql`greatest(${table.redriveCount}, excluded.redrive_count)`,
  firstFailedAt: sql`least(${table.firstFailedAt}, excluded.first_failed_at)`,
  lastFailedAt: sql`excluded.last_failed_at`,
  recordedAt: sql`least(${table.recordedAt}, excluded.recorded_at)`,
  writerSchemaId: sql`excluded.writer_schema_id`,
  appVersion: sql`excluded.app_version`,
  status: sql`'open'`,
};

export function createPostgresDeadLetters(database: Pick<Database, 'pool' | 'query'>): DeadLetters {
  const db = drizzle(database.pool);
  return {
    async list(filter, { limit, after }) {
      const { stateVersion, stage, topic, partition, offset, lastFailedAt } = table;
      const rows = await translated(
        db
          .select()
          .from(table)
          .where(and(filterCondition(filter), after === undefined ? undefined : afterPosition(after)))
          .orderBy(desc(lastFailedAt), asc(stateVersion), asc(stage), asc(topic), asc(partition), asc(offset))
          .limit(limit),
      );
      return rows.map(letterOf);
    },
    find: (keys) => selectLetters(database, keys),
    async summary(filter = {}) {
      const { stage, stateVersion, reason, status, firstFailedAt, lastFailedAt } = table;
      const rows = await translated(
        db
          .select({
            stage,
            stateVersion,
            reason,
            status,
            count: count(),
            oldest: min(firstFailedAt),
            newest: max(lastFailedAt),
          })
          .from(table)
          .where(filterCondition(filter))
          .groupBy(stage, stateVersion, reason, status)
          .orderBy(stage, stateVersion, reason, status),
      );
      return rows.map(({ oldest, newest, ...row }) => ({
        ...row,
        oldestFailedAt: oldest ?? 0,
        newestFailedAt: newest ?? 0,
      }));
    },
    history: (actions) =>
      database.query<OperatorAction & object>({
        text: 'SELECT id, at, operator, verb, reason, details FROM operator_audit WHERE id = ANY ($1::bigint[]) ORDER BY id',
        values: [actions.map(String)],
      }),
  };
}

/** One INSERT may touch a row once only. */
function newestOfEach(entries: readonly DeadLetterEntry[]): DeadLetterEntry[] {
  const newest = new Map<string, DeadLetterEntry>();
  for (const entry of entries) {
    const { stateVersion, stage, topic, partition, offset } = entry;
    const key = JSON.stringify([stateVersion, stage, topic, partition, offset.toString()]);
    const known = newest.get(key);
    if (known === undefined || !isNewer(known, entry)) newest.set(key, entry);
  }
  return [...newest.values()];
}

const isNewer = (one: DeadLetterEntry, other: DeadLetterEntry): boolean =>
  one.redriveCount === other.redriveCount
    ? one.lastFailedAt > other.lastFailedAt
    : one.redriveCount > other.redriveCount;

/** Postgres takes no NUL in text, and what makes a record a dead letter may well be one. */
const printable = (text: string): string => text.replaceAll('\u0000', '\ufffd');

/** Producers may write any number as a record's timestamp. */
const year9999 = 253_402_300_799_999;
const keepable = (ms: number | null): number | null => (ms !== null && ms >= 0 && ms <= year9999 ? ms : null);

function rowOf(entry: DeadLetterEntry): typeof table.$inferInsert {
  return {
    ...entry,
    message: printable(entry.message),
    eventId: entry.eventId === null ? null : printable(entry.eventId),
    headers: entry.headers.map(({ name, value }) => ({ name: printable(name), value: value.toString('base64') })),
    recordedAt: keepable(entry.recordedAt),
    indexedAt: sql`clock_timestamp()` as never,
  };
}

/** drizzle's own error repeats the parameters, which are payloads: only its cause may leave here. */
async function translated<T>(query: PromiseLike<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw translate((error as Error).cause ?? error);
  }
}
