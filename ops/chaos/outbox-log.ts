import { type Database, openDatabase } from '../../pipeline/stores/postgres/database.ts';
import { outboxDepth } from '../../pipeline/stores/postgres/outbox-depth.ts';
import type { CommittedRow, CursorPosition } from './judge.ts';
import type { TimedRow } from './latencies.ts';

/** What the outbox says of itself; its own connections, so that faults of the relays' are not felt. */
export interface OutboxLog {
  readonly database: Database;
  /** Rows committed since the last call; nobody may be writing meanwhile. */
  committed(): Promise<(CommittedRow & TimedRow)[]>;
  isSettled(): Promise<boolean>;
  depth(): Promise<number>;
  parked(): Promise<{ readonly event_id: string; readonly reason: string }[]>;
  positions(): Promise<CursorPosition[]>;
  /** Shards held by relays whose name holds `mark`, by leases that run. */
  heldBy(mark: string): Promise<number>;
  /** Shards held by anybody. */
  held(): Promise<number>;
  close(): Promise<void>;
}

export function openOutboxLog(url: string): OutboxLog {
  const database = openDatabase({ url, maxConnections: 4, onIdleError: () => undefined });
  let read = 0n;
  const count = async (text: string, values: unknown[]) => {
    const [row] = await database.query<{ n: number }>({ text, values });
    return row?.n ?? 0;
  };
  return {
    database,
    async committed() {
      const rows = await database.query<CommittedRow & TimedRow>({
        text: `SELECT event_id AS id, seq, shard, topic, convert_from(key, 'UTF8') AS key, created_at AS "createdAt" FROM outbox
                WHERE seq > $1 ORDER BY seq`,
        values: [read],
      });
      read = rows.at(-1)?.seq ?? read;
      return rows;
    },
    async isSettled() {
      const { records, exact } = await outboxDepth(database);
      return exact && records === 0;
    },
    depth: async () => (await outboxDepth(database)).records,
    parked: () => database.query({ text: 'SELECT event_id, reason FROM outbox_parked' }),
    positions: () =>
      database.query<CursorPosition>({
        text: `SELECT shard, epoch, pg_snapshot_xmax(base)::text::bigint AS "baseXmax", target::text AS target,
                      last_seq AS "lastSeq" FROM outbox_cursor ORDER BY shard`,
      }),
    heldBy: (mark) =>
      count(
        `SELECT count(*)::int AS n FROM relay_lease WHERE strpos(owner, $1) > 0 AND expires_at > clock_timestamp()`,
        [mark],
      ),
    held: () => count('SELECT count(*)::int AS n FROM relay_lease WHERE expires_at > clock_timestamp()', []),
    close: () => database.close(),
  };
}
