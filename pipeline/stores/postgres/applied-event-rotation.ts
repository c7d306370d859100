import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import { appliedEventLock } from './applied-event.ts';
import type { Database } from './database.ts';

const windowDays = 30;
const hourMs = 3_600_000;

/**
 * Moves on to the next window, which it empties, when the current one is 30 days old by the database's
 * clock; answers whether it did. Safe to run in every process: the lock lets one do it.
 */
export async function rotateAppliedEvents(db: Database): Promise<boolean> {
  return db.transaction(async (tx) => {
    await tx.query({ text: "SET LOCAL lock_timeout = '2s'" });
    await tx.query({ text: `SELECT pg_advisory_xact_lock(${appliedEventLock})` });
    const [due] = await tx.query<{ current: number }>({
      text: `SELECT current FROM applied_event_window WHERE since <= now() - interval '${windowDays} days'`,
    });
    if (!due) return false;
    const next = (due.current + 1) % 3;
    await tx.query({ text: `TRUNCATE applied_event_${next}` });
    await tx.query({ text: 'UPDATE applied_event_window SET current = $1, since = now()', values: [next] });
    return true;
  });
}

export interface RotationOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Looks once an hour. What fails is tried again an hour later: a window that stays longer loses nothing. */
export function createAppliedEventRotation({ db, clock, log }: RotationOptions): Component {
  return {
    name: 'applied-event-rotation',
    async start() {
      const stopping = new AbortController();
      const loop = (async () => {
        while (!stopping.signal.aborted) {
          try {
            if (await rotateAppliedEvents(db)) log.info({}, 'applied events: moved on to the next window');
          } catch (error) {
            log.warn({ error: messageOf(error) }, 'applied events: rotation failed, trying again in an hour');
          }
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
