import { FreshetError } from '../../kernel/errors.ts';
import type { OutboxEvents, OutboxSession, OutboxSessions } from '../relay.ts';
import { type Connection, openConnection } from './connection.ts';
import { isPooled } from './database.ts';
import { outboxChannel } from './outbox-signal.ts';
import { asStandby, checkOutbox } from './relay-checks.ts';
import { loadCursors, saveCursors } from './relay-cursors.ts';
import { readPages, readPagesPooled, walkSettings } from './relay-pages.ts';
import { heldKeys, hold, park, releasable, unpark } from './relay-parked.ts';

/** A pooler that drops start-up options silently would leave pages that sort the whole backlog. */
async function checkSettings(connection: Connection): Promise<void> {
  const [row] = await connection.query<{ sort: string }>({ text: `SELECT current_setting('enable_sort') AS sort` });
  if (row?.sort === walkSettings.enable_sort) return;
  throw new FreshetError(
    'outbox_pooled',
    'settings of the session were not kept, as by a transaction pooler: the URL must say ?pooler=transaction, or lead to Postgres itself',
  );
}

const heardWithinMs = 2_000;

/** Tries it; whatever is heard meanwhile counts. */
async function isWoken(writer: Connection, heard: Promise<boolean>): Promise<boolean> {
  const { promise: tooLate, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, heardWithinMs, false);
  try {
    await writer.query({ text: `NOTIFY ${outboxChannel}` });
    return await Promise.race([heard, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

export interface OutboxSessionOptions {
  /**
   * A statement that takes longer breaks the session. Pages and saves take milliseconds; a network that forgot the
   * connection would otherwise stall a relay that keeps its leases on another one.
   */
  readonly queryTimeoutMs?: number;
}

/** Sessions of two connections: one reads (and never writes), one moves cursors beside it. */
export function createOutboxSessions(
  url: string,
  { queryTimeoutMs = 10_000 }: OutboxSessionOptions = {},
): OutboxSessions {
  const pooled = isPooled(url);
  return {
    async open({ onSignal, onBroken }: OutboxEvents): Promise<OutboxSession> {
      const opened: Connection[] = [];
      const heard = Promise.withResolvers<boolean>();
      const open = async (name: string, channels: readonly string[]) => {
        const connection = await openConnection({
          url,
          name,
          settings: walkSettings,
          queryTimeoutMs,
          channels,
          onNotification: () => {
            heard.resolve(true);
            onSignal();
          },
          onBroken,
        });
        opened.push(connection);
        if (!pooled) await checkSettings(connection);
        return { connection, outboxId: await checkOutbox(connection) };
      };
      const close = async () => {
        for (const connection of opened.splice(0)) await connection.close();
      };
      try {
        const { connection: reader, outboxId } = await open('freshet relay reader', [outboxChannel]);
        const { connection: writer } = await open('freshet relay cursor', []);
        return {
          outboxId,
          loadCursors: (epochs) => loadCursors(writer, epochs),
          read: (requests) => (pooled ? readPagesPooled(reader, requests) : readPages(reader, requests)),
          isWoken: () => (pooled ? Promise.resolve(false) : isWoken(writer, heard.promise)),
          saveCursors: (rows) => saveCursors(writer, rows),
          park: (record) => park(writer, record),
          hold: (rows) => hold(writer, rows),
          heldKeys: (shards, topics) => heldKeys(writer, shards, topics),
          releasable: (shards, topics, limit) => releasable(writer, { shards, topics, limit }),
          unpark: (rows) => unpark(writer, rows),
          close,
        };
      } catch (error) {
        await close();
        throw asStandby(error);
      }
    },
  };
}
