import { type RefreshLane, refreshStaleMs } from '../../domain/refresh-limits.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import { messageOf, TransientError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { ProfilePages } from '../../stores/profile-pages.ts';
import type { RefreshEntry, RefreshQueue } from '../../stores/refresh.ts';
import type { Overtaken } from './overtaken.ts';
import { createTicker } from './ticker.ts';
import type { UserListWriter, UserRef } from './user-lists.ts';

export interface RefreshesOptions {
  readonly version: number;
  readonly queue: RefreshQueue;
  readonly profiles: Pick<ProfilePages, 'of'>;
  readonly lists: Pick<UserListWriter, 'write'>;
  readonly overtaken: Overtaken;
  /** Of the profile topic. */
  readonly partitionCount: number;
  ownsPartition(partition: number): boolean;
  /** True once the index is whole. */
  isReady(): boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'candidatesRefreshes' | 'candidatesRefreshSeconds'>;
}

/** One round trip for all partitions; a client that asked for a refresh looks again a second later at the soonest. */
const everyMs = 100;
/** Taken of each partition at once. Fewer of a backfill, so that whoever asks waits for few of them. */
const atOnce: Record<RefreshLane, number> = { asked: 25, backfill: 5 };

const nameOf = ({ namespace, userId }: UserRef): string => `${namespace}|${userId}`;

/**
 * Makes lists of this process's partitions again that somebody asked for, from the stored profiles. What clients ask
 * for goes first: of a backfill one small batch is done only when nobody else waits. An entry leaves the queue after
 * its list was written, so a process that dies leaves it to the partition's next owner.
 */
export function createRefreshes(options: RefreshesOptions): Component {
  const { version, queue, partitionCount, ownsPartition, isReady, clock, log, metrics } = options;

  const make = (entries: readonly RefreshEntry[]) =>
    options.overtaken.during(async (isOvertaken) => {
      const users = new Map(entries.map((entry) => [nameOf(entry), entry]));
      const profiles = await options.profiles.of(version, [...users.values()]);
      await options.lists.write(profiles, (user) => !isOvertaken(user));
      return new Set(profiles.map(nameOf));
    });
  /** A profile that cannot be read is a fault of its own: it must neither stop the process nor hold up others. */
  const makeEach = async (entries: readonly RefreshEntry[]) => {
    const known = new Set<string>();
    const failed = new Set<RefreshEntry>();
    for (const entry of entries) {
      try {
        for (const user of await make([entry])) known.add(user);
      } catch (error) {
        if (error instanceof TransientError) throw error;
        log.error({ version, error: messageOf(error) }, 'a list could not be made again');
        failed.add(entry);
      }
    }
    return { known, failed };
  };
  const makeAll = async (entries: readonly RefreshEntry[]) => {
    try {
      return { known: await make(entries), failed: new Set<RefreshEntry>() };
    } catch (error) {
      if (error instanceof TransientError) throw error;
      return makeEach(entries);
    }
  };
  const drain = async (lane: RefreshLane): Promise<number> => {
    const partitions = Array.from({ length: partitionCount }, (_, i) => i).filter(ownsPartition);
    if (partitions.length === 0) return 0;
    const entries = await queue.oldest(version, lane, { partitions, limit: atOnce[lane] });
    if (entries.length === 0) return 0;
    const isStale = ({ waitedMs }: RefreshEntry) => lane === 'asked' && waitedMs > refreshStaleMs;
    const fresh = entries.filter((entry) => !isStale(entry));
    const { known, failed } = await makeAll(fresh);
    await queue.remove(version, lane, entries, failed.size);
    metrics.candidatesRefreshes.inc({ lane, result: 'stale' }, entries.length - fresh.length);
    for (const entry of fresh) {
      const made = known.has(nameOf(entry)) ? 'done' : 'unknown';
      metrics.candidatesRefreshes.inc({ lane, result: failed.has(entry) ? 'failed' : made });
      metrics.candidatesRefreshSeconds.observe({ lane }, entry.waitedMs / 1_000);
    }
    return entries.length;
  };
  const tick = async (signal: AbortSignal) => {
    while (isReady() && !signal.aborted) {
      if ((await drain('asked')) > 0) continue;
      if ((await drain('backfill')) === 0) return;
    }
  };
  return createTicker({ name: `candidates.v${version}.refresh`, everyMs, clock, log, tick });
}
