import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Database } from './database.ts';

/** Keys kept in three tables `<table>_0` to `_2`, expired by TRUNCATE; `<table>_window` says which one is written. */
export interface KeyWindows {
  readonly table: 'event_key' | 'applied_event';
  /** Age at which the current window is left, days; a key lives for two windows at least, three at most. */
  readonly days: number;
  /** Advisory lock that writers share and rotation takes alone. */
  readonly lock: number;
  /** In words, for the log. */
  readonly what: string;
}

const hourMs = 3_600_000;

/**
 * Moves on to the next window, which it empties, when the current one is old enough by the database's clock;
 * answers whether it did. Safe to run in every process: the lock lets one do it.
 */
export async function rotateKeyWindow(db: Database, { table, days, lock }: KeyWindows): Promise<boolean> {
  return db.transaction(async (tx) => {
    await tx.query({ text: "SET LOCAL lock_timeout = '2s'" });
    await tx.query({ text: `SELECT pg_advisory_xact_lock(${lock})` });
    const [due] = await tx.query<{ current: number }>({
      text: `SELECT current FROM ${table}_window WHERE since <= now() - interval '${days} days'`,
    });
    if (!due) return false;
    const next = (due.current + 1) % 3;
    await tx.query({ text: `TRUNCATE ${table}_${next}` });
    await tx.query({ text: `UPDATE ${table}_window SET current = $1, since = now()`, values: [next] });
    return true;
  });
}

export interface RotationOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Looks once an hour. What fails is tried again an hour later: a window that stays longer loses nothing. */
export function createKeyWindowRotation(windows: KeyWindows, { db, clock, log }: RotationOptions): Component {
  const { table, what } = windows;
  const rotate = async () => {
    try {
      if (await rotateKeyWindow(db, windows)) log.info({}, `${what}: moved on to the next window`);
    } catch (error) {
      log.warn({ error: messageOf(error) }, `${what}: rotation failed, trying again in an hour`);
    }
  };
  return {
    name: `${table.replace('_', '-')}-rotation`,
    async start() {
      const stopping = new AbortController();
      const loop = (async () => {
        while (!stopping.signal.aborted) {
          await rotate();
          await clock.sleep(hourMs, stopping.signal);
        }
      })();
      return {
        async stop() {
          stopping.abort();
          await loop;
        },
      };
    },
  };
}
