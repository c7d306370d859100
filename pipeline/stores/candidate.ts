/** A user's packed values; null deletes. */
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
  saveUsers(version: number, users: readonly UserLists[]): Promise<void>;
  saveSimilar(version: number, items: readonly ItemLists[]): Promise<void>;
  /** Lists first, then their names, then the feed: who hears of a list finds it. */
  savePopular(version: number, lists: readonly PopularList[]): Promise<void>;
}

/** What the projection says about itself. */
export interface ProjectionState {
  /** Partitions of the profile topic whose lists were all written since the store was last empty. */
  projected(version: number): Promise<ReadonlySet<number>>;
  markProjected(version: number, partition: number): Promise<void>;
  /** Tells serving which version to read. */
  assertActive(version: number): Promise<void>;
}
