import type { RefreshLane } from '../domain/refresh-limits.ts';

/** A user whose list is to be made again. */
export interface RefreshEntry {
  readonly id: string;
  readonly partition: number;
  readonly namespace: string;
  readonly userId: string;
  /** Since it was asked for, by the store's clock. */
  readonly waitedMs: number;
}

/**
 * Requests by partition of the profile topic, for the process that holds the partition. At least once: an entry
 * stays until it is removed. Throws TransientError while the store is away.
 */
export interface RefreshQueue {
  /** The oldest of these partitions, at most `limit` of each; an entry that cannot be read has empty names. */
  oldest(
    version: number,
    lane: RefreshLane,
    from: { readonly partitions: readonly number[]; readonly limit: number },
  ): Promise<RefreshEntry[]>;
  /** `failed` of them, whose lists could not be made, are counted where a backfill finds the number. */
  remove(version: number, lane: RefreshLane, entries: readonly RefreshEntry[], failed?: number): Promise<void>;
}
