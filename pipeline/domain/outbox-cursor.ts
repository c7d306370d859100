/** A `pg_snapshot`: which transactions were finished when it was taken. */
export interface Snapshot {
  /** Every xid below is finished. */
  readonly xmin: bigint;
  /** No xid from here on was finished. */
  readonly xmax: bigint;
  /** In progress between the two, ascending; of every database of the cluster. */
  readonly xip: readonly bigint[];
  /** As Postgres writes it, `xmin:xmax:xip,…`. */
  readonly text: string;
}

/** A batch: what is visible in `target` and not in the cursor's base, walked in `seq` order page by page. */
export interface OpenBatch {
  readonly target: Snapshot;
  /** Rows of xids ≥ target.xmax have a seq above this. */
  readonly targetFloor: bigint;
  /** All rows of the batch up to this seq are acknowledged. */
  readonly lastSeq: bigint;
}

/**
 * Where a shard's relay stands. Everything visible in `base` is acknowledged; rows of xids ≥ base.xmax
 * have a seq above `baseFloor`; rows of each xid in base.xip have a seq above its own floor in `holds`.
 */
export interface OutboxCursor {
  readonly base: Snapshot;
  readonly baseFloor: bigint;
  readonly holds: ReadonlyMap<bigint, bigint>;
  readonly open?: OpenBatch;
}

/** The rows of the next page: seq > lastSeq, not visible in base, visible in target; snapshots as text. */
export interface PageFilter {
  readonly lastSeq: bigint;
  readonly base: string;
  /** Null: the snapshot of the statement that reads, up to which a batch is then opened. */
  readonly target: string | null;
}

/** Parses Postgres' text form; throws on anything else. */
export function parseSnapshot(text: string): Snapshot {
  const parts = /^(\d+):(\d+):((?:\d+,)*\d+)?$/.exec(text);
  if (!parts) throw new RangeError(`not a pg_snapshot: ${text}`);
  const xip = parts[3] === undefined ? [] : parts[3].split(',').map(BigInt);
  return { xmin: BigInt(parts[1] as string), xmax: BigInt(parts[2] as string), xip, text };
}

/** Whether the transaction was finished (committed or not) when the snapshot was taken. */
export function isFinishedIn(xid: bigint, snapshot: Snapshot): boolean {
  return xid < snapshot.xmin || (xid < snapshot.xmax && !snapshot.xip.includes(xid));
}

/**
 * Opens a batch up to `target`. `provenFloor` is a value of the sequence that was read before some
 * transaction was given its xid, and that transaction had committed before `target` was taken: so whoever
 * has an xid ≥ target.xmax drew its seq later. The sequence's value "now" would lose rows.
 */
export function openBatch(cursor: OutboxCursor, target: Snapshot, provenFloor: bigint): OutboxCursor {
  if (cursor.open) throw new RangeError('a batch is already open');
  let from = cursor.baseFloor;
  for (const [xid, floor] of cursor.holds) if (floor < from && isFinishedIn(xid, target)) from = floor;
  return { ...cursor, open: { target, targetFloor: provenFloor, lastSeq: from } };
}

/** Holds whose floor lies so little below the base's are walked in any case: their transactions are short ones. */
const nearRows = 2_000n;

/**
 * What to read next. Without an open batch the walk begins where the batch will most likely have to: whoever reads
 * compares with what `openBatch` says once the snapshot is known, and reads again where an old transaction ended.
 */
export function pageFilter({ base, baseFloor, holds, open }: OutboxCursor): PageFilter {
  if (open) return { lastSeq: open.lastSeq, base: base.text, target: open.target.text };
  let from = baseFloor;
  for (const floor of holds.values()) if (floor < from && floor >= baseFloor - nearRows) from = floor;
  return { lastSeq: from, base: base.text, target: null };
}

/** Moves over a page that was full: its rows are acknowledged, there may be more in the batch. */
export function afterFullPage(cursor: OutboxCursor, lastSeq: bigint): OutboxCursor {
  if (!cursor.open) throw new RangeError('no batch is open');
  return { ...cursor, open: { ...cursor.open, lastSeq } };
}

/** Closes the batch after a page that was not full: the target becomes the base. */
export function afterShortPage(cursor: OutboxCursor): OutboxCursor {
  const { open, baseFloor, holds } = cursor;
  if (!open) throw new RangeError('no batch is open');
  // An xid that is in target.xip and was not in base.xip is ≥ base.xmax: its rows are above base's floor.
  const next = new Map(open.target.xip.map((xid) => [xid, holds.get(xid) ?? baseFloor]));
  return { base: open.target, baseFloor: open.targetFloor, holds: next };
}
