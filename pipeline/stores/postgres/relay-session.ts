import type { OutboxEvents, OutboxSession, OutboxSessions, ParkedRecord } from '../relay.ts';
import { type Connection, openConnection } from './connection.ts';
import { outboxChannel } from './outbox-signal.ts';
import { checkOutbox } from './relay-checks.ts';
import { loadCursors, saveCursors } from './relay-cursors.ts';
import { probe, readPages, walkSettings } from './relay-pages.ts';

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
          close,
        };
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

/** Fenced like the cursor; parking a record twice leaves the first reason. */
async function park(writer: Connection, { shard, epoch, seq, reason, message }: ParkedRecord): Promise<boolean> {
  const [held] = await writer.query<{ held: boolean }>({
    name: 'relay-park',
    text: `WITH fence AS (SELECT shard FROM outbox_cursor WHERE shard = $1 AND epoch = $2 FOR SHARE),
                copied AS (
                  INSERT INTO outbox_parked (seq, shard, topic, key, event_id, payload, traceparent, reason, message)
                  SELECT seq, shard, topic, key, event_id, payload, traceparent, $4, $5
                    FROM outbox JOIN fence USING (shard) WHERE shard = $1 AND seq = $3
                  ON CONFLICT (seq) DO NOTHING)
           SELECT EXISTS (SELECT FROM fence) AS held`,
    values: [shard, epoch, seq, reason, message],
  });
  return held?.held === true;
}
