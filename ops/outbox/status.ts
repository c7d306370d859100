import type { Database } from '../../pipeline/stores/postgres/database.ts';
import { outboxDepth } from '../../pipeline/stores/postgres/outbox-depth.ts';
import { type PartitionState, partitionStates } from '../../pipeline/stores/postgres/partition-states.ts';
import type { OutboxDepth } from '../../pipeline/stores/relay.ts';
import {
  type Holder,
  oldHolders,
  type ParkedCount,
  parkedCounts,
  type ShardStatus,
  shardStatuses,
} from './status-facts.ts';
import { probeWakeUp, type WakeUp } from './wake-up.ts';

export interface OutboxStatus {
  readonly standby: boolean;
  /** The ids in it are another cluster's: relays refuse it until `outbox restamp`. */
  readonly moved: boolean;
  readonly sequence: bigint;
  readonly depth: OutboxDepth;
  readonly shards: readonly ShardStatus[];
  /** Relays that were seen within the last ten seconds. */
  readonly relays: readonly string[];
  readonly holders: readonly Holder[];
  readonly partitions: readonly PartitionState[];
  readonly parked: readonly ParkedCount[];
  readonly wakeUp: WakeUp;
}

export interface StatusOptions {
  readonly url: string;
  readonly database: Database;
  readonly retentionMs: number;
}

export async function outboxStatus({ url, database, retentionMs }: StatusOptions): Promise<OutboxStatus> {
  const [facts] = await database.query<{ standby: boolean; moved: boolean; sequence: bigint; relays: string[] }>({
    text: `SELECT pg_is_in_recovery() AS standby, i.system_identifier IS DISTINCT FROM s.system_identifier AS moved,
                  (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM outbox_seq_seq) AS sequence,
                  ARRAY(SELECT relay FROM relay_member WHERE seen_at > clock_timestamp() - interval '10 s'
                         ORDER BY relay) AS relays
             FROM outbox_identity i, pg_control_system() s`,
  });
  const { standby, moved, sequence, relays } = facts as NonNullable<typeof facts>;
  return {
    standby,
    moved,
    sequence,
    relays,
    depth: await outboxDepth(database),
    shards: await shardStatuses(database),
    holders: await oldHolders(database),
    partitions: await partitionStates(database, retentionMs),
    parked: await parkedCounts(database),
    wakeUp: await probeWakeUp(url, database),
  };
}

/** Partitions that no row has reached yet. */
export const partitionsAhead = ({ partitions, sequence }: Pick<OutboxStatus, 'partitions' | 'sequence'>) =>
  partitions.filter(({ lower, step }) => step === 'attached' && lower > sequence);

/** The oldest partition and why it is still there. */
export function nextToDrop(
  { partitions, sequence, holders }: Pick<OutboxStatus, 'partitions' | 'sequence' | 'holders'>,
  retentionMs: number,
): { readonly name: string; readonly because: string } | undefined {
  const [oldest] = partitions;
  if (!oldest) return undefined;
  return { name: oldest.name, because: reasonOf(oldest, sequence, holders, retentionMs) };
}

function reasonOf(
  partition: PartitionState,
  sequence: bigint,
  holders: readonly Holder[],
  retentionMs: number,
): string {
  const { step, refusedAt, closedAt, closedXid, upper, expired, heldBy } = partition;
  if (step === 'pending' || step === 'detached') return `${step}: a relay goes on with it within half a minute`;
  if (step === 'gone') return 'dropped by hand: its entry goes with the next look';
  if (refusedAt !== null)
    return `REFUSED at ${isoOf(refusedAt)}: it holds rows that no cursor has passed (see the runbook)`;
  if (closedXid === null || closedAt === null) {
    if (sequence >= upper) return 'full; a relay closes it within half a minute';
    return `in use: ${upper - sequence - 1n} rows are left in it`;
  }
  if (!expired) return `kept until ${isoOf(closedAt + retentionMs)}`;
  if (heldBy.length === 0) return 'a relay drops it within half a minute';
  const holder = holders.find(({ holds }) => holds === 'partitions');
  const behind = holder ? `; the oldest open transaction is ${holder.kind} ${holder.id}` : '';
  return `shards ${heldBy.join(', ')} have not stored a cursor past transaction ${closedXid}${behind}`;
}

const isoOf = (at: number) => new Date(at).toISOString();
