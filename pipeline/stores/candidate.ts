/** A user's packed values; null deletes both. */
export interface UserLists {
  readonly namespace: string;
  readonly userId: string;
  /** See packed-list.ts. */
  readonly list: Buffer | null;
  /** See packed-profile.ts. */
  readonly profile: Buffer | null;
}

/** An item's packed neighbours; null deletes. */
export interface ItemLists {
  readonly namespace: string;
  readonly item: number;
  readonly list: Buffer | null;
}

export interface PopularList {
  readonly namespace: string;
  /** `surface|locale`; `|` is global. */
  readonly segment: string;
  /** Null deletes the list and its name in the index. */
  readonly list: Buffer | null;
}

/**
 * Writes what candidates own. Calls made one after the other, awaited or not, take effect in that order;
 * a call may have had part of its effect when it throws, and may be repeated. Throws TransientError only.
 */
export interface CandidateWriter {
  /**
   * A user whose stored list reflects an event received later keeps both values: whoever wakes up late, its
   * partition long another's, does no harm. A deletion always holds.
   */
  saveUsers(version: number, users: readonly UserLists[]): Promise<void>;
  saveSimilar(version: number, items: readonly ItemLists[]): Promise<void>;
  /** Lists first, then their names, then the feed: who hears of a list finds it. */
  savePopular(version: number, lists: readonly PopularList[]): Promise<void>;
}

/** What the projection says about itself. */
export interface ProjectionState {
  /** Partitions of the profile topic whose lists were all written since the store was last empty. */
  projected(version: number): Promise<ReadonlySet<number>>;
  /** Call before the first of their lists is written; the answer names this attempt. */
  beginProjection(version: number, partitions: Iterable<number>): Promise<string>;
  /** Changes nothing where the store was emptied since the attempt began, or another one began after it. */
  markProjected(version: number, partition: number, attempt: string): Promise<void>;
  /** Tells serving that the version's lists are whole, so that it loads what it needs to answer from them. */
  announce(version: number): Promise<void>;
  /** Which version serving is told to read; undefined where nobody has said. */
  active(): Promise<number | undefined>;
  /** Tells serving which version to read, unless somebody has said something else than `before` meanwhile. */
  assertActive(version: number, before: number | undefined): Promise<void>;
}
