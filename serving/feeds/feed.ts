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
  /** Newest id ever given out; `noEntry` where there is no stream. */
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

export const noEntry = '0-0';

/** Negative where a is older than b. */
export function compareIds(a: string, b: string): number {
  const [aMs = '0', aSequence = '0'] = a.split('-');
  const [bMs = '0', bSequence = '0'] = b.split('-');
  return Number(aMs) - Number(bMs) || Number(aSequence) - Number(bSequence);
}

/**
 * Why a reader that stood at `afterId` cannot go on from there; undefined where it can. `trimmed` may
 * be said too often (the entry it stood at is gone, though none after it was), never too seldom.
 */
export function lostTrack(afterId: string, read: FeedRead<unknown>): 'flushed' | 'trimmed' | undefined {
  if (compareIds(read.lastId, afterId) < 0) return 'flushed';
  if (compareIds(read.lastId, afterId) === 0) return undefined;
  return read.firstId === undefined || compareIds(read.firstId, afterId) > 0 ? 'trimmed' : undefined;
}
