import { and, asc, eq, lte, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { Choice, ChosenLetter, DeadLetterActions, DeadLetterFilter, SettleAction } from '../dead-letter.ts';
import { type Database, type Tx, translate } from './database.ts';
import { afterKey, filterCondition } from './dead-letter-filter.ts';
import { keyMatches, keyTable, keyValues, selectLetters } from './dead-letter-rows.ts';
import { recordAction, updateAction } from './operator-audit.ts';
import { deadLetter as table } from './tables/dead-letter.ts';

/**
 * A process that is stopped while its letters are locked (SIGSTOP, a machine asleep) would hold up `dlq-index`, which
 * gives up after 120 s; a broker's answer takes 30 s at most.
 */
const idleTimeout = '60s';

export function createPostgresDeadLetterActions(database: Database): DeadLetterActions {
  return {
    async now() {
      // Milliseconds are all that a number keeps: what was indexed in this one is of it.
      const [row] = await database.query<{ now: number }>({
        text: `SELECT clock_timestamp() + interval '1 ms' AS now`,
      });
      return (row as { now: number }).now;
    },
    choose: (filter, choice) => choose(database, filter, choice),
    async runningVersions() {
      const text = `SELECT version FROM state_version WHERE status = 'running'`;
      return new Set((await database.query<{ version: number }>({ text })).map(({ version }) => version));
    },
    begin: (actor, verb, details) => recordAction(database, { ...actor, verb, details }),
    settle: (keys, action) =>
      database.transaction(async (tx) => {
        await tx.query({ text: `SET LOCAL idle_in_transaction_session_timeout = '${idleTimeout}'` });
        const where = `d.status = 'open'`;
        const letters = await selectLetters(tx, keys, { where, lock: 'FOR UPDATE OF d SKIP LOCKED' });
        if (letters.length > 0) await settleLocked(tx, action, letters);
        return letters.length;
      }),
    note: (action, details) => updateAction(database, action, details),
  };
}

async function settleLocked(
  tx: Tx,
  { action, status, work }: SettleAction,
  letters: Parameters<SettleAction['work']>[0],
): Promise<void> {
  const { settled, details } = await work(letters);
  await tx.query({
    text: `UPDATE dead_letter d SET status = $6, acted_at = clock_timestamp(), actions = d.actions || $7::bigint
             FROM ${keyTable} AS k (state_version, stage, topic, partition, "offset") WHERE ${keyMatches}`,
    values: [...keyValues(settled), status, action],
  });
  await updateAction(tx, action, details);
}

/** In the order of the primary key, so that pages follow one another whatever changes meanwhile. */
async function choose(
  { pool }: Pick<Database, 'pool'>,
  filter: DeadLetterFilter,
  { indexedUntil, after, limit }: Choice,
): Promise<ChosenLetter[]> {
  const { stateVersion, stage, topic, partition, offset, status, indexedAt, key, value } = table;
  const bytes = sql<number>`coalesce(octet_length(${key}), 0) + coalesce(octet_length(${value}), 0)`;
  try {
    return await drizzle(pool)
      .select({ stateVersion, stage, topic, partition, offset, bytes })
      .from(table)
      .where(
        and(
          filterCondition(filter),
          eq(status, 'open'),
          lte(indexedAt, indexedUntil),
          after === undefined ? undefined : afterKey(after),
        ),
      )
      .orderBy(asc(stateVersion), asc(stage), asc(topic), asc(partition), asc(offset))
      .limit(limit);
  } catch (error) {
    throw translate((error as Error).cause ?? error);
  }
}
