import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Database } from './database.ts';
import { eventKeyLock } from './event-keys.ts';

/** Three windows of 15 days keep a key for 30 to 45 days. */
const windowDays = 15;
const hourMs = 3_600_000;

/**
 * Moves on to the next window, which it empties, when the current one is 15 days old by the database's
 * clock; answers whether it did. Safe to run in every process: the lock lets one do it.
 */
export async function rotateEventKeys(db: Database): Promise<boolean> {
  return db.transaction(async (tx) => {
    await tx.query({ text: "SET LOCAL lock_timeout = '2s'" });
    await tx.query({ text: `SELECT pg_advisory_xact_lock(${eventKeyLock})` });
    const [due] = await tx.query<{ current: number }>({
      text: `SELECT current FROM event_key_window WHERE since <= now() - interval '${windowDays} days'`,
    });
    if (!due) return false;
    const next = (due.current + 1) % 3;
    await tx.query({ text: `TRUNCATE event_key_${next}` });
    await tx.query({ text: 'UPDATE event_key_window SET current = $1, since = now()', values: [next] });
    return true;
  });
}

export interface EventKeyRotationOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Looks once an hour. What fails is tried again an hour later: a window that stays longer loses nothing. */
export function createEventKeyRotation({ db, clock, log }: EventKeyRotationOptions): Component {
  const rotate = async () => {
    try {
      if (await rotateEventKeys(db)) log.info({}, 'event keys: moved on to the next window');
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'event keys: rotation failed, trying again in an hour');
    }
  };
  return {
    name: 'event-key-rotation',
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
