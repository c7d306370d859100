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
}

/** Items a chunk; chunk = floor(number / chunkSize). */
export const chunkSize = 1_024;
