/** One entry of a feed; ids are `<milliseconds>-<sequence>` and only grow. */
export interface FeedEntry<E> {
  readonly id: string;
  /** Undefined where the entry could not be understood; it is counted and passed over. */
  readonly value: E | undefined;
}

/** What one look at a feed found. */
export interface FeedRead<E> {
  readonly entries: readonly FeedEntry<E>[];
  /** Oldest entry still there, read after the entries; undefined where none is left. */
  readonly firstId: string | undefined;
  /** Newest id ever given out; `0-0` where there is no stream. */
  readonly lastId: string;
}

/**
 * An append-only stream of changes that its writer trims. `read` answers the entries after an id in
 * order, waiting up to `waitMs` for the first; it looks at `firstId` after reading, so that a trim
 * between the two shows. Faults are TransientError. Whoever made the port closes its connection.
 */
export interface Feed<E> {
  lastId(): Promise<string>;
  read(afterId: string, waitMs: number): Promise<FeedRead<E>>;
}
