/** What serving knows of an item; one field of a chunk in Redis, as JSON. */
export interface ItemAttributes {
  readonly itemId: string;
  /** False where it must not be recommended: unavailable, hidden, archived or deleted. */
  readonly available: boolean;
  /** Archived from this instant on, milliseconds since the epoch; null where not. */
  readonly archivedAt: number | null;
  readonly price: string | null;
  readonly currency: string | null;
  readonly tags: readonly string[];
  /** Item of which this one is a variant; null where it is none. */
  readonly parentId: string | null;
  /** Milliseconds since the epoch; null where not said. */
  readonly publishedAt: number | null;
}

/** Items a chunk; chunk = floor(number / chunkSize). */
export const chunkSize = 1_024;
