import type { OutboxUpkeep } from '../relay.ts';
import type { Database } from './database.ts';
import { outboxDepth } from './outbox-depth.ts';
import { outboxHealth } from './outbox-health.ts';
import { retirePartitions } from './partition-retirement.ts';
import { ensurePartitions } from './relay-partitions.ts';

export interface OutboxUpkeepOptions {
  /** Of the same database, for the connection that detaches partitions. */
  readonly url: string;
  readonly retentionMs: number;
  readonly partitionRows: bigint;
  /** Whole partitions to keep ahead of the sequence. */
  readonly partitionsAhead?: bigint;
}

export function createOutboxUpkeep(database: Database, options: OutboxUpkeepOptions): OutboxUpkeep {
  const { url, retentionMs, partitionRows: rows, partitionsAhead: ahead } = options;
  return {
    ensurePartitions: () => ensurePartitions(database, { rows, ...(ahead === undefined ? {} : { ahead }) }),
    retirePartitions: (signal) => retirePartitions(database, { url, retentionMs, ...(signal ? { signal } : {}) }),
    depth: () => outboxDepth(database),
    health: () => outboxHealth(database, retentionMs),
  };
}
