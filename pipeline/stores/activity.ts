/** What was counted of one item in one hour, summed over source partitions. */
export interface ActivityRow {
  /** Event-time hour: floor(occurredAt / 3,600,000). */
  readonly hour: number;
  readonly segment: string;
  readonly itemId: string;
  /** Index in `interactionTypes`. */
  readonly type: number;
  readonly count: number;
}

/** Reads `item_activity`. Throws TransientError while the store is away. */
export interface ActivityReader {
  /** Namespaces that have counts. */
  namespaces(stateVersion: number): Promise<string[]>;
  /** Rows of these hours, an hour's rows in the same order at every call. */
  hours(stateVersion: number, namespace: string, hours: readonly number[]): Promise<ActivityRow[]>;
}
