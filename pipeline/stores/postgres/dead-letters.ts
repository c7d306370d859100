import { and, count, desc, eq, gte, lt, max, min, type SQL, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { DeadLetterEntry, DeadLetterFilter, DeadLetterIndex, DeadLetters } from '../dead-letter.ts';
import { type Database, translate } from './database.ts';
import { deadLetter as table } from './tables/dead-letter.ts';

/** Rows an INSERT: 18 parameters each, and Postgres takes 65,535. */
const maxRows = 1_000;

export function createPostgresDeadLetters(database: Pick<Database, 'pool'>): DeadLetterIndex & DeadLetters {
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
              // What was indexed already, perhaps discarded since, comes again when the topic is read anew.
              setWhere: sql`excluded.last_failed_at > ${table.lastFailedAt}`,
            }),
        );
      }
    },
    async expire(before) {
      const { rowCount } = await translated(db.delete(table).where(lt(table.lastFailedAt, before)));
      return rowCount ?? 0;
    },
    async list(filter, limit) {
      const rows = await translated(
        db
          .select()
          .from(table)
          .where(condition(filter))
          .orderBy(desc(table.lastFailedAt), desc(table.offset))
          .limit(limit),
      );
      return rows.map(({ headers, ...row }) => ({
        ...row,
        headers: headers.map(({ name, value }) => ({ name, value: Buffer.from(value, 'base64') })),
      }));
    },
    async summary(filter = {}) {
      const { stage, stateVersion, reason, status, lastFailedAt } = table;
      const rows = await translated(
        db
          .select({
            stage,
            stateVersion,
            reason,
            status,
            count: count(),
            oldest: min(lastFailedAt),
            newest: max(lastFailedAt),
          })
          .from(table)
          .where(condition(filter))
          .groupBy(stage, stateVersion, reason, status)
          .orderBy(stage, stateVersion, reason, status),
      );
      return rows.map(({ oldest, newest, ...row }) => ({
        ...row,
        oldestFailedAt: oldest ?? 0,
        newestFailedAt: newest ?? 0,
      }));
    },
  };
}

const failedAgain = {
  reason: sql`excluded.reason`,
  message: sql`excluded.message`,
  eventId: sql`excluded.event_id`,
  attempt: sql`excluded.attempt`,
  redriveCount: sql`excluded.redrive_count`,
  firstFailedAt: sql`least(${table.firstFailedAt}, excluded.first_failed_at)`,
  lastFailedAt: sql`excluded.last_failed_at`,
  writerSchemaId: sql`excluded.writer_schema_id`,
  appVersion: sql`excluded.app_version`,
  status: sql`'open'`,
};

/** One INSERT may touch a row once only. */
function newestOfEach(entries: readonly DeadLetterEntry[]): DeadLetterEntry[] {
  const newest = new Map<string, DeadLetterEntry>();
  for (const entry of entries) {
    const { stateVersion, stage, topic, partition, offset } = entry;
    const key = JSON.stringify([stateVersion, stage, topic, partition, offset.toString()]);
    const known = newest.get(key);
    if (known === undefined || known.lastFailedAt <= entry.lastFailedAt) newest.set(key, entry);
  }
  return [...newest.values()];
}

/** Postgres takes no NUL in text, and what makes a record a dead letter may well be one. */
const printable = (text: string): string => text.replaceAll('\u0000', '\ufffd');

function rowOf(entry: DeadLetterEntry): typeof table.$inferInsert {
  return {
    ...entry,
    message: printable(entry.message),
    eventId: entry.eventId === null ? null : printable(entry.eventId),
    headers: entry.headers.map(({ name, value }) => ({ name: printable(name), value: value.toString('base64') })),
  };
}

function condition({ stage, reason, status, eventId, from, to }: DeadLetterFilter): SQL | undefined {
  return and(
    stage === undefined ? undefined : eq(table.stage, stage),
    reason === undefined ? undefined : eq(table.reason, reason),
    status === undefined ? undefined : eq(table.status, status),
    eventId === undefined ? undefined : eq(table.eventId, eventId),
    from === undefined ? undefined : gte(table.lastFailedAt, from),
    to === undefined ? undefined : lt(table.lastFailedAt, to),
  );
}

/** drizzle's own error repeats the parameters, which are payloads: only its cause may leave here. */
async function translated<T>(query: PromiseLike<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw translate((error as Error).cause ?? error);
  }
}
