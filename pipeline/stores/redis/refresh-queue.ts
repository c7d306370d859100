import type { Redis } from 'ioredis';
import { profileKey } from '../../domain/keys.ts';
import { partitionOf } from '../../domain/murmur2.ts';
import { refreshEveryMs, refreshLimits, refreshStaleMs } from '../../domain/refresh-limits.ts';
import type { RefreshEntry, RefreshQueue } from '../refresh.ts';
import type { RefreshAnswer, RefreshRequests } from '../serving.ts';
import { available } from './available.ts';
import { redisKeys } from './keys.ts';
import { pipelined } from './pipelined.ts';

/**
 * One request. Stale ones go first: where nobody reads the queue it must not stay full of them. The user's key names
 * the entry, so it tells one that still waits from one that was done; an entry's id begins with the time it was
 * made. Answers kind, milliseconds to wait, and how many were dropped.
 */
const ask = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expired = redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', now - ${refreshStaleMs}))
local last = redis.call('GET', KEYS[2])
if last then
  if #redis.call('XRANGE', KEYS[1], last, last) > 0 then return {'already_queued', 0, expired} end
  local wait = tonumber(string.match(last, '^%d+')) + ${refreshEveryMs} - now
  if wait > 0 then return {'too_often', wait, expired} end
end
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then return {'queue_full', 0, expired} end
local id = redis.call('XADD', KEYS[1], '*', 'ns', ARGV[2], 'user', ARGV[3])
redis.call('SET', KEYS[2], id, 'PX', ${refreshStaleMs})
redis.call('PEXPIRE', KEYS[1], ${2 * refreshStaleMs})
return {'queued', 0, expired}`;

export interface RefreshRequestsOptions {
  /** It belongs to whoever made it. */
  readonly redis: Redis;
  /** Of the profile topic. */
  readonly partitionCount: number;
  /** Requests a partition may hold. */
  readonly limit?: number;
}

/** Serving's end of the queue. */
export function createRefreshRequests(options: RefreshRequestsOptions): RefreshRequests {
  const { redis, partitionCount, limit = refreshLimits.asked } = options;
  return {
    async ask(version, namespace, userId) {
      const partition = partitionOf(profileKey(version, namespace, userId), partitionCount);
      const keys = [
        redisKeys.refresh(version, 'asked', partition),
        redisKeys.refreshUser(version, partition, namespace, userId),
      ];
      const reply = await available(redis.eval(ask, 2, ...keys, limit, namespace, userId));
      const [kind, retryAfterMs, expired] = reply as [RefreshAnswer['kind'], number, number];
      return kind === 'too_often' ? { kind, retryAfterMs, expired } : { kind, expired };
    },
  };
}

type StreamEntry = readonly [id: string, fields: readonly string[]];

/** The candidates' end. A partition has one owner, so there is no consumer group: what is done is deleted. */
export function createRefreshQueue(redis: Redis): RefreshQueue {
  return {
    async oldest(version, lane, { partitions, limit }) {
      const [time, ...streams] = await pipelined(redis, (pipeline) => {
        pipeline.time();
        for (const partition of partitions) {
          pipeline.xrange(redisKeys.refresh(version, lane, partition), '-', '+', 'COUNT', limit);
        }
      });
      const [seconds, micros] = (time as readonly (string | number)[]).map(Number) as [number, number];
      const now = seconds * 1_000 + Math.floor(micros / 1_000);
      return partitions.flatMap((partition, index) =>
        (streams[index] as readonly StreamEntry[]).map((entry) => entryOf(entry, partition, now)),
      );
    },
    async remove(version, lane, entries, failed = 0) {
      const byPartition = Map.groupBy(entries, ({ partition }) => partition);
      await pipelined(redis, (pipeline) => {
        if (lane === 'backfill' && failed > 0) pipeline.hincrby(redisKeys.backfill(version), 'failed', failed);
        for (const [partition, own] of byPartition) {
          pipeline.xdel(redisKeys.refresh(version, lane, partition), ...own.map(({ id }) => id));
        }
      });
    },
  };
}

function entryOf([id, fields]: StreamEntry, partition: number, now: number): RefreshEntry {
  const named = (name: string) => {
    const at = fields.findIndex((field, index) => index % 2 === 0 && field === name);
    return at === -1 ? '' : (fields[at + 1] ?? '');
  };
  const waitedMs = Math.max(0, now - Number.parseInt(id, 10));
  return { id, partition, namespace: named('ns'), userId: named('user'), waitedMs };
}
