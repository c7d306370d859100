/** What the generator's process is told: batches of events at fixed times, some of them followed to the list. */
export interface FreshnessPlan {
  readonly url: string;
  /** Tells this run's events from all others. */
  readonly run: number;
  readonly users: number;
  readonly items: number;
  readonly batches: number;
  /** Events a batch. */
  readonly batch: number;
  readonly batchesPerSecond: number;
  /** The first event of every so many batches is followed. */
  readonly followEvery: number;
}

export interface FreshnessResult {
  /** Milliseconds from when the batch was due to the first list that reflects its first event or a later one. */
  readonly freshness: Float64Array;
  /** Events that no list reflected in time, by id. */
  readonly missed: readonly string[];
  /** Milliseconds a batch from due to accepted. */
  readonly accepted: Float64Array;
  /** Milliseconds a batch from due to sent. */
  readonly lateness: Float64Array;
  readonly lists: number;
  /** First batch due to last answer. */
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export const benchNamespace = 'bench';
export const itemIdOf = (item: number): string => `sku-${String(item).padStart(6, '0')}`;
/** A list that does not reflect an event so long after it was due never will. */
export const missAfterMs = 30_000;
