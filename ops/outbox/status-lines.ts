import { nextToDrop, type OutboxStatus, partitionsAhead } from './status.ts';
import { countedRows, type Holder, type ShardStatus } from './status-facts.ts';

const seconds = (ms: number) => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
const ago = (ms: number | null) => (ms === null ? 'unknown' : seconds(Math.max(0, ms)));

function shardLine(shard: ShardStatus): string {
  const { leaseLeftMs, owner, waiting, openAt } = shard;
  const lease = leaseLeftMs !== null && leaseLeftMs > 0 ? `${seconds(leaseLeftMs)} left` : 'run out';
  const rows = waiting >= countedRows ? `${countedRows}+` : String(waiting);
  const batch = openAt === null ? '' : `, batch open at ${openAt}`;
  return `  ${String(shard.shard).padStart(2)}  ${(owner ?? 'nobody').padEnd(36)}  epoch ${shard.epoch}, lease ${lease}, waiting ${rows}, floor ${shard.floor}, base xmin ${shard.baseXmin}${batch}`;
}

function holderLine({ kind, id, name, database, state, ageMs, queryAgeMs, holds }: Holder): string {
  const query = queryAgeMs === null ? '' : `, last query ${ago(queryAgeMs)} ago`;
  return `  ${kind} ${id} (${name ?? 'unnamed'}, database ${database ?? 'none'}, ${state ?? 'state unknown'}): open for ${ago(ageMs)}${query}; holds ${holds}`;
}

const mebibytes = (bytes: bigint) => `${(Number(bytes) / 1_048_576).toFixed(1)} MiB`;

function partitionLines(status: OutboxStatus, retentionMs: number): string[] {
  const next = nextToDrop(status, retentionMs);
  const bytes = status.partitions.reduce((sum, partition) => sum + partition.bytes, 0n);
  const ahead = partitionsAhead(status).length;
  const warning = ahead < 2 ? '  FEWER THAN 2 AHEAD: writers fail past the last one' : '';
  return [
    `partitions: ${status.partitions.length}, ${ahead} ahead, ${mebibytes(bytes)}${warning}`,
    ...(next ? [`  oldest ${next.name}: ${next.because}`] : []),
  ];
}

/** For people; what needs doing is in capitals. */
export function statusLines(status: OutboxStatus, retentionMs: number, now: number): string[] {
  const { depth, shards, holders, parked, wakeUp, relays } = status;
  const unowned = shards.filter(({ leaseLeftMs }) => leaseLeftMs === null || leaseLeftMs <= 0).length;
  const age = depth.oldestCreatedAt === undefined ? '' : `, the oldest ${ago(now - depth.oldestCreatedAt)} old`;
  return [
    ...(status.standby ? ['STANDBY: relays refuse it; connect to the primary'] : []),
    ...(status.moved ? ['MOVED from another cluster: relays refuse it; run freshet outbox restamp'] : []),
    `unpublished: ${depth.exact ? '' : 'about '}${depth.records} records${age}; sequence at ${status.sequence}`,
    `relays: ${relays.length === 0 ? 'NONE seen within 10 s' : relays.join(', ')}; ${unowned} of ${shards.length} shards unowned`,
    ...shards.map(shardLine),
    `wake-up: ${wakeUp.mode} (${wakeUp.because})`,
    holders.length === 0 ? 'open transactions: none' : 'open transactions, the oldest first:',
    ...holders.map(holderLine),
    ...partitionLines(status, retentionMs),
    parked.length === 0 ? 'parked: none' : 'parked (freshet outbox parked list):',
    ...parked.map(
      ({ reason, topic, records, oldestAgoMs }) =>
        `  ${records} ${reason} of ${topic}, the oldest ${ago(oldestAgoMs)} ago`,
    ),
  ];
}
