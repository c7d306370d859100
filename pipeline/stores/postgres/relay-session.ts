import type { OutboxEvents, OutboxSession, OutboxSessions } from '../relay.ts';
import { type Connection, openConnection } from './connection.ts';
import { outboxChannel } from './outbox-signal.ts';
import { asStandby, checkOutbox } from './relay-checks.ts';
import { loadCursors, saveCursors } from './relay-cursors.ts';
import { probe, readPages, walkSettings } from './relay-pages.ts';
import { heldKeys, hold, park, releasable, unpark } from './relay-parked.ts';

/** Sessions of two connections: one reads (and never writes), one moves cursors beside it. */
export function createOutboxSessions(url: string): OutboxSessions {
  return {
    async open({ onSignal, onBroken }: OutboxEvents): Promise<OutboxSession> {
      const opened: Connection[] = [];
      const open = async (name: string, channels: readonly string[]) => {
        const connection = await openConnection({
          url,
          name,
          settings: walkSettings,
          channels,
          onNotification: onSignal,
          onBroken,
        });
        opened.push(connection);
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
          probe: () => probe(reader),
          readPages: (requests) => readPages(reader, requests),
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
