/** A projected document as HTTP shows it, names in snake_case, instants in milliseconds since the epoch. */
export type ShownDocument = Readonly<Record<string, unknown>>;

/**
 * Items and users as they were projected last. Eventual: an accepted upsert is seen here when its record has
 * come back from its topic. Deleted documents are absent.
 */
export interface DocumentReader {
  find(kind: 'item' | 'user', namespace: string, id: string): Promise<ShownDocument | undefined>;
}
