import type { OutboxCursor, PageFilter } from '../domain/outbox-cursor.ts';

/** What one statement saw: its rows are filtered by its own snapshot, or by that of the batch that is open. */
export interface Reading {
  /** Largest seq drawn so far; 0 before the first. */
  readonly sequence: bigint;
  /** `pg_current_snapshot()` as text. */
  readonly snapshot: string;
  /** Pages in seq order; a shard without rows is absent. */
  readonly pages: ReadonlyMap<number, PageRow[]>;
}

export interface PageRequest {
  readonly shard: number;
  readonly filter: PageFilter;
  readonly limit: number;
}

/** A committed outbox row, ready to be published. */
export interface PageRow {
  readonly seq: bigint;
  readonly topic: string;
  readonly key: Buffer;
  readonly payload: Buffer | null;
  /** Milliseconds since the epoch, database clock. */
  readonly createdAt: number;
}

/** A shard's cursor under the epoch of its lease; `nextFloor` was read before the row is written. */
export interface CursorRow {
  readonly shard: number;
  readonly epoch: bigint;
  readonly cursor: OutboxCursor;
  readonly nextFloor: bigint;
}

/** Reason of parked records that wait behind an earlier one of their key. */
export const heldBehind = 'held_behind';

/** Rows of one shard under the epoch of its lease. */
export interface FencedRows {
  readonly shard: number;
  readonly epoch: bigint;
  readonly seqs: readonly bigint[];
}

export interface HeldKey {
  readonly shard: number;
  readonly topic: string;
  readonly key: Buffer;
}

export interface ParkedRecord {
  readonly shard: number;
  readonly epoch: bigint;
  readonly seq: bigint;
  readonly reason: string;
  readonly message: string;
}

/**
 * The relay's connections to one outbox. After any error it must be closed, and what was remembered of it
 * forgotten: a new session reads the cursors again.
 */
export interface OutboxSession {
  readonly outboxId: string;
  /** The cursors of those shards whose row still carries the given epoch. */
  loadCursors(epochs: ReadonlyMap<number, bigint>): Promise<CursorRow[]>;
  /** One statement for all shards. Its connection never writes, since its own xid would count as finished. */
  read(requests: readonly PageRequest[]): Promise<Reading>;
  /** Stores cursors in one statement; answers the shards whose epoch still held, the others are lost. */
  saveCursors(rows: readonly CursorRow[]): Promise<ReadonlySet<number>>;
  /** Sets a row aside with a reason; false where the epoch no longer holds. One set aside before keeps its reason, unless it was held. */
  park(record: ParkedRecord): Promise<boolean>;
  /** Sets rows aside behind an earlier one of their key; false where the epoch no longer holds. */
  hold(rows: FencedRows): Promise<boolean>;
  /** Keys of these topics that have anything set aside. */
  heldKeys(shards: readonly number[], topics: readonly string[]): Promise<HeldKey[]>;
  /** Held rows with nothing in front of them any more, by shard in seq order, at most `limit` in all. */
  releasable(shards: readonly number[], topics: readonly string[], limit: number): Promise<Map<number, PageRow[]>>;
  /** Forgets rows set aside that are published now; false where the epoch no longer holds. */
  unpark(rows: FencedRows): Promise<boolean>;
  /** Whether signals of committers reach this session, tried once; a transaction pooler keeps them away. */
  isWoken(): Promise<boolean>;
  close(): Promise<void>;
}

export interface OutboxEvents {
  /** Somebody committed outbox rows. */
  onSignal(): void;
  /** The session broke while idle; every later call rejects. */
  onBroken(error: unknown): void;
}

export interface OutboxSessions {
  /**
   * Connects and checks that the cursor is safe here: FreshetError `outbox_unsafe` (column order, identity,
   * cache) or `outbox_restored` (cursors from the future, as after dump and restore), TransientError on a standby.
   */
  open(events: OutboxEvents): Promise<OutboxSession>;
}

export interface LeaseRow {
  readonly shard: number;
  readonly epoch: bigint;
  readonly owner: string | null;
  /** Expired for longer than the grace that a request in flight may need. */
  readonly free: boolean;
  /** Free and left lying by everybody for another lease time. */
  readonly abandoned: boolean;
}

export interface LeaseView {
  /** Shards whose renewal held; what is missing here is lost. */
  readonly renewed: readonly number[];
  readonly leases: readonly LeaseRow[];
  /** Relays that were seen lately, sorted, this one included. */
  readonly relays: readonly string[];
}

/** Leases of one relay on its own connection, so that a busy publish loop cannot delay a renewal. */
export interface LeaseSession {
  /** Reports this relay as alive, renews what it holds under these epochs and shows who holds what. */
  renew(held: ReadonlyMap<number, bigint>): Promise<LeaseView>;
  /** Takes those still free, bumping the epoch in the lease and in the cursor's row; answers shard → epoch. */
  take(shards: readonly number[]): Promise<Map<number, bigint>>;
  /** Frees what is held under these epochs and tells the other relays. */
  giveBack(held: ReadonlyMap<number, bigint>): Promise<void>;
  /** Gives back, signs off and disconnects. */
  close(held: ReadonlyMap<number, bigint>): Promise<void>;
}

export interface LeaseSessions {
  open(
    relay: string,
    leaseMs: number,
    events: { onFreed(): void; onBroken(error: unknown): void },
  ): Promise<LeaseSession>;
}

export interface OutboxDepth {
  /** Committed rows that no cursor has passed; exact while `exact`. */
  readonly records: number;
  readonly exact: boolean;
  /** Creation of the oldest of them, milliseconds since the epoch. */
  readonly oldestCreatedAt: number | undefined;
}

export interface PartitionRetirement {
  /** Names; all their rows were published and their retention was over. */
  readonly dropped: readonly string[];
  /** Found with an unpublished row after they were detached, and attached again. */
  readonly refused: readonly string[];
  /** A transaction that uses the outbox is waited for; the next call goes on. */
  readonly waiting: boolean;
}

/** What an operator must hear of before writers or relays come to harm. */
export interface OutboxHealth {
  readonly partitions: number;
  /** Whole partitions ahead of the sequence. */
  readonly partitionsAhead: number;
  /** Closed for longer than the retention and still there. */
  readonly partitionsOverdue: number;
  /** Attached again by the last check before a drop. */
  readonly partitionsRefused: number;
  /** When the oldest partition that the sequence has left was left, milliseconds since the epoch. */
  readonly oldestClosedAt: number | undefined;
  /** Age of the oldest transaction with an id, of any database, prepared ones too; it holds partitions back. */
  readonly oldestXidAgeMs: number;
  /** Age of the oldest transaction with a snapshot or an id in this database; it holds dead cursor rows. */
  readonly oldestXminAgeMs: number;
  readonly deadTuples: ReadonlyMap<string, number>;
  readonly parked: ReadonlyMap<string, number>;
  /** Shards whose lease has run out. */
  readonly unownedShards: number;
}

export interface OutboxUpkeep {
  /** Keeps partitions ahead of the sequence; answers how many were created. */
  ensurePartitions(): Promise<number>;
  /** Drops what is published and old enough, without blocking a writer; safe to cut off anywhere. */
  retirePartitions(signal?: AbortSignal): Promise<PartitionRetirement>;
  depth(): Promise<OutboxDepth>;
  health(): Promise<OutboxHealth>;
}
