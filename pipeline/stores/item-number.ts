/** Catalogue numbers of items. An item keeps its number for ever, deleted or not. */
export interface ItemNumbers {
  /** Unknown items are absent from the answer, and are looked up again about a second later. */
  resolve(namespace: string, itemIds: Iterable<string>): Promise<ReadonlyMap<string, number>>;
}
