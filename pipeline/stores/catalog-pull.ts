/** What is pulled from where; one row a pair. */
export interface PullRef {
  readonly namespace: string;
  /** As configured: another one is another pull, from the beginning. */
  readonly url: string;
}

/** How far a pull has come; instants in milliseconds since the epoch, of the service where nothing else is said. */
export interface PullMark {
  /** Every change up to here was stored by a round that ended; null before the first. */
  readonly since: number | null;
  /** Latest change that the round under way has met. */
  readonly seen: number | null;
  /** Of the page that comes next; null at the start of a round. */
  readonly cursor: string | null;
  /** When the round under way asked for its first page, by the clock of whoever asked; null between rounds. */
  readonly startedAt: number | null;
}

/** What the holder of the lease is told with it. */
export interface PullLease {
  readonly mark: PullMark;
  /** Milliseconds since a round ended, whoever's it was; null before the first. By the clock of the store. */
  readonly endedMsAgo: number | null;
}

/**
 * Marks with a lease, so that one process pulls at a time. Nothing breaks where two do for a moment: what is stored is
 * judged by revision, and only the holder moves the mark. Throws TransientError while the database is away.
 */
export interface PullMarks {
  /** Takes the lease or renews it; undefined while another process holds it. */
  take(ref: PullRef, owner: string, leaseMs: number): Promise<PullLease | undefined>;
  /** Moves the mark and renews the lease, `roundEnded` where it ends a round; false where the lease is another's by now. */
  save(ref: PullRef, owner: string, move: PullMove): Promise<boolean>;
  /** Lets another process go on at once. */
  release(ref: PullRef, owner: string): Promise<void>;
}

export interface PullMove {
  readonly mark: PullMark;
  readonly roundEnded: boolean;
  readonly leaseMs: number;
}
