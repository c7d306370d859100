import { profileKey } from '../../domain/keys.ts';
import { partitionOf } from '../../domain/murmur2.ts';
import { type RefreshLane, refreshEveryMs, refreshLimits, refreshStaleMs } from '../../domain/refresh-limits.ts';
import type { RefreshEntry, RefreshQueue } from '../refresh.ts';
import type { RefreshRequests } from '../serving.ts';

interface Stored extends Omit<RefreshEntry, 'waitedMs'> {
  readonly version: number;
  readonly lane: RefreshLane;
  readonly at: number;
}

export interface MemoryRefreshQueueOptions {
  readonly partitionCount: number;
  readonly limit?: number;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Both ends of the queue within the process, for tests. */
export function createMemoryRefreshQueue(
  options: MemoryRefreshQueueOptions,
): RefreshQueue &
  RefreshRequests & { add(version: number, lane: RefreshLane, namespace: string, userId: string): Stored } {
  const { partitionCount, limit = refreshLimits.asked, now } = options;
  let entries: Stored[] = [];
  let made = 0;
  const latest = new Map<string, Stored>();
  const add = (version: number, lane: RefreshLane, namespace: string, userId: string): Stored => {
    const partition = partitionOf(profileKey(version, namespace, userId), partitionCount);
    const entry = { id: String(++made), version, lane, partition, namespace, userId, at: now() };
    entries.push(entry);
    return entry;
  };
  return {
    add,
    async ask(version, namespace, userId) {
      const key = profileKey(version, namespace, userId).toString();
      const partition = partitionOf(profileKey(version, namespace, userId), partitionCount);
      const queue = entries.filter((one) => one.lane === 'asked' && one.version === version);
      const stale = queue.filter((one) => one.partition === partition && now() - one.at > refreshStaleMs);
      entries = entries.filter((one) => !stale.includes(one));
      const expired = stale.length;
      const last = latest.get(key);
      if (last && entries.includes(last)) return { kind: 'already_queued', expired };
      const wait = (last?.at ?? Number.NEGATIVE_INFINITY) + refreshEveryMs - now();
      if (wait > 0) return { kind: 'too_often', retryAfterMs: wait, expired };
      const held = queue.filter((one) => one.partition === partition && !stale.includes(one));
      if (held.length >= limit) return { kind: 'queue_full', expired };
      latest.set(key, add(version, 'asked', namespace, userId));
      return { kind: 'queued', expired };
    },
    async oldest(version, lane, { partitions, limit: atMost }) {
      return partitions.flatMap((partition) =>
        entries
          .filter((one) => one.version === version && one.lane === lane && one.partition === partition)
          .slice(0, atMost)
          .map(({ id, namespace, userId, at }) => ({ id, partition, namespace, userId, waitedMs: now() - at })),
      );
    },
    async remove(_version, _lane, done) {
      const ids = new Set(done.map(({ id }) => id));
      entries = entries.filter((one) => !ids.has(one.id));
    },
  };
}
