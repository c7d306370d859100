/**
 * Every advisory lock, in one place so that no two share a number: what creates partitions and what counts events once
 * did, and no partition was created while an aggregation was at work. They are locks of one database.
 */
export const advisoryLocks = {
  /** Shared by whoever claims event keys (also in migration 0008), taken alone by the rotation. */
  eventKeys: 4_711,
  /** Shared by whoever claims applied events, taken alone by the rotation. */
  appliedEvents: 4_712,
  /** Differs from that of creation: a drop that waits must never keep partitions from being made. */
  partitionRetirement: 4_713,
  partitionCreation: 4_714,
  migration: 7_355_001,
} as const;
