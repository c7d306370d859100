/** Who waits: `asked` are users whose refresh a client has asked for, `backfill` are those of an operator's run. */
export type RefreshLane = 'asked' | 'backfill';

/** Requests a partition may hold in each lane. */
export const refreshLimits: Readonly<Record<RefreshLane, number>> = { asked: 1_000, backfill: 200 };
/** A user's list is made again on request no more often. */
export const refreshEveryMs = 10_000;
/** A request that has waited longer is dropped: whoever asked has gone on. */
export const refreshStaleMs = 60_000;
