import type { OutboxCursor } from '../../domain/outbox-cursor.ts';
import type { CursorRow, PageRow } from '../../stores/relay.ts';

/** What the relay remembers of a shard it holds; thrown away after any error of the outbox's session. */
export interface ShardState {
  readonly shard: number;
  readonly epoch: bigint;
  cursor: OutboxCursor;
  /** Sequence value that the stored row carries. */
  savedFloor: bigint;
  /** The stored row's base, to see whether there is anything to store. */
  savedBase: string;
  /** The stored row's floor: whoever takes over walks over all that lies above it. */
  savedBaseFloor: bigint;
  /** The stored row has an open batch. */
  savedOpen: boolean;
  /** Monotonic time of the last save. */
  savedAt: number;
  /** Rows acknowledged since the cursor that is stored. */
  unstored: number;
  /** A page is in flight, or more than one page's rows are not yet stored: no other may be read. */
  busy: boolean;
  /** The stored cursor carries another epoch, whatever the lease keeper knows yet. */
  isLost: boolean;
  /** A round passed by while it was busy. */
  missed: boolean;
  /** The last page was full, so the next is asked for in full size. */
  deep: boolean;
  /** Running average, bounds what a page may weigh. */
  rowBytes: number;
}

/** Rows of one shard on their way to the broker. */
export interface Page {
  readonly state: ShardState;
  readonly rows: readonly PageRow[];
  /** There may be more rows in the batch. */
  readonly full: boolean;
}

export function createShardState({ shard, epoch, cursor, nextFloor }: CursorRow, now: number): ShardState {
  return {
    shard,
    epoch,
    cursor,
    savedFloor: nextFloor,
    savedBase: cursor.base.text,
    savedBaseFloor: cursor.baseFloor,
    savedOpen: cursor.open !== undefined,
    savedAt: now,
    unstored: 0,
    isLost: false,
    busy: false,
    missed: false,
    deep: false,
    rowBytes: 0,
  };
}

/** Most bytes of rows that a page should hold in memory. */
const pageBytes = 4 * 1_048_576;
/** A shard that keeps up is read in small portions, so that one round trip serves all shards. */
const shallowRows = 128;

export function pageLimit(state: ShardState, pageRecords: number): number {
  const rows = state.deep ? pageRecords : Math.min(pageRecords, shallowRows);
  return state.rowBytes === 0 ? rows : Math.max(1, Math.min(rows, Math.floor(pageBytes / state.rowBytes)));
}

export function noteRowBytes(state: ShardState, rows: readonly PageRow[]): void {
  let bytes = 0;
  for (const row of rows) bytes += row.key.length + (row.payload?.length ?? 0);
  const average = Math.max(1, bytes / rows.length);
  state.rowBytes = state.rowBytes === 0 ? average : (state.rowBytes + average) / 2;
}
