import { type OutboxCursor, parseSnapshot } from '../../domain/outbox-cursor.ts';
import type { CursorRow } from '../relay.ts';
import type { Queryable } from './database.ts';

interface Row {
  readonly shard: number;
  readonly epoch: bigint;
  readonly base: string;
  readonly base_floor: bigint;
  readonly hold_xid: string[];
  readonly hold_floor: bigint[];
  readonly target: string | null;
  readonly target_floor: bigint | null;
  readonly last_seq: bigint;
  readonly next_floor: bigint;
}

/** Reads the cursors of those shards whose row still carries the given epoch. */
export async function loadCursors(db: Queryable, epochs: ReadonlyMap<number, bigint>): Promise<CursorRow[]> {
  const rows = await db.query<Row>({
    name: 'relay-load',
    text: `SELECT c.shard, c.epoch, c.base::text, c.base_floor, c.hold_xid::text[] AS hold_xid, c.hold_floor,
                  c.target::text, c.target_floor, c.last_seq, c.next_floor
             FROM outbox_cursor c JOIN unnest($1::smallint[], $2::bigint[]) AS h (shard, epoch) USING (shard, epoch)`,
    values: [[...epochs.keys()], [...epochs.values()]],
  });
  return rows.map((row) => ({ shard: row.shard, epoch: row.epoch, cursor: cursorOf(row), nextFloor: row.next_floor }));
}

function cursorOf(row: Row): OutboxCursor {
  const closed = {
    base: parseSnapshot(row.base),
    baseFloor: row.base_floor,
    holds: new Map(row.hold_xid.map((xid, at) => [BigInt(xid), row.hold_floor[at] ?? 0n])),
  };
  if (row.target === null) return closed;
  return {
    ...closed,
    open: { target: parseSnapshot(row.target), targetFloor: row.target_floor ?? 0n, lastSeq: row.last_seq },
  };
}

const array = (values: Iterable<bigint>) => `{${[...values].join(',')}}`;

/**
 * One statement for all, each fenced by the epoch in its own row: a thief bumps it there, in the
 * transaction that takes the lease, so a stale owner updates nothing. Answers the shards that held.
 */
export async function saveCursors(db: Queryable, rows: readonly CursorRow[]): Promise<ReadonlySet<number>> {
  const saved = await db.query<{ shard: number }>({
    name: 'relay-save',
    text: `UPDATE outbox_cursor c
              SET base = u.base::pg_snapshot, base_floor = u.base_floor, hold_xid = u.hold_xid::xid8[],
                  hold_floor = u.hold_floor::bigint[], target = u.target::pg_snapshot, target_floor = u.target_floor,
                  last_seq = u.last_seq, next_floor = u.next_floor, updated_at = clock_timestamp()
             FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                         $8::bigint[], $9::bigint[], $10::bigint[])
                  AS u (shard, epoch, base, base_floor, hold_xid, hold_floor, target, target_floor, last_seq, next_floor)
            WHERE c.shard = u.shard AND c.epoch = u.epoch RETURNING c.shard`,
    values: [
      rows.map(({ shard }) => shard),
      rows.map(({ epoch }) => epoch),
      rows.map(({ cursor }) => cursor.base.text),
      rows.map(({ cursor }) => cursor.baseFloor),
      rows.map(({ cursor }) => array(cursor.holds.keys())),
      rows.map(({ cursor }) => array(cursor.holds.values())),
      rows.map(({ cursor }) => cursor.open?.target.text ?? null),
      rows.map(({ cursor }) => cursor.open?.targetFloor ?? null),
      rows.map(({ cursor }) => cursor.open?.lastSeq ?? 0n),
      rows.map(({ nextFloor }) => nextFloor),
    ],
  });
  return new Set(saved.map(({ shard }) => shard));
}
