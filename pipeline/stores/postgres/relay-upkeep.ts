import type { OutboxUpkeep } from '../relay.ts';
import type { Database } from './database.ts';
import { outboxDepth } from './outbox-depth.ts';
import { ensurePartitions } from './relay-partitions.ts';

export function createOutboxUpkeep(database: Database): OutboxUpkeep {
  return {
    ensurePartitions: () => ensurePartitions(database),
    depth: () => outboxDepth(database),
  };
}
