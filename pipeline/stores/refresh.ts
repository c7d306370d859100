/** Who waits: `asked` are users whose refresh a client has asked for, `backfill` are those of an operator's run. */
export const refreshLanes = ['asked', 'backfill'] as const;
export type RefreshLane = (typeof refreshLanes)[number];

/** Requests a partition may hold in each lane. */
export const refreshLimits = { asked: 1_000, backfill: 200 } as const satisfies Record<RefreshLane, number>;
/** A user's list is made again on request no more often. */
export const refreshEveryMs = 10_000;
/** A request that has waited longer is dropped: whoever asked has gone on. */
export const refreshStaleMs = 60_000;

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
