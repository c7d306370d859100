import type { Redis } from 'ioredis';
import { profileKey } from '../../pipeline/domain/keys.ts';
import { partitionOf } from '../../pipeline/domain/murmur2.ts';
import { refreshLimits } from '../../pipeline/domain/refresh-limits.ts';
import type { ProfileCursor } from '../../pipeline/stores/profile-pages.ts';
import { available } from '../../pipeline/stores/redis/available.ts';
import { redisKeys } from '../../pipeline/stores/redis/keys.ts';
import { pipelined } from '../../pipeline/stores/redis/pipelined.ts';
import { topics } from '../../schemas/topics.ts';

/** How far a backfill has come. It lies beside the queue: whatever loses the one loses the other. */
export interface BackfillPosition {
  /** The run was for this namespace only; null for all. */
  readonly only: string | null;
  /** The last user put into the queue; undefined where none is. */
  readonly cursor: ProfileCursor | undefined;
  /** Users put into the queue. */
  readonly queued: number;
}

const { partitions: partitionCount } = topics.profileUpdated;
const partitions = Array.from({ length: partitionCount }, (_, i) => i);
/** Position and queue of a run that nobody goes on with. */
const keptForMs = 7 * 86_400_000;
/** A run that does not renew its claim for so long is gone. */
const claimMs = 30_000;

const renew = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ${claimMs})
return 1`;
const release = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end`;

/** The backfill's side of the queue that candidates read. Throws TransientError while Redis is away. */
export function createBackfillStore(redis: Redis, version: number) {
  const claimKey = redisKeys.backfillRun(version);
  const positionKey = redisKeys.backfill(version);
  const queueOf = ({ namespace, userId }: ProfileCursor) =>
    redisKeys.refresh(version, 'backfill', partitionOf(profileKey(version, namespace, userId), partitionCount));
  return {
    /** One run at a time: false where another one has it. The same run may claim again. */
    async claim(run: string): Promise<boolean> {
      if ((await available(redis.set(claimKey, run, 'PX', claimMs, 'NX'))) !== null) return true;
      return (await available(redis.eval(renew, 1, claimKey, run))) === 1;
    },
    async release(run: string): Promise<void> {
      await available(redis.eval(release, 1, claimKey, run));
    },
    async position(): Promise<BackfillPosition | undefined> {
      const { only, namespace, user, queued } = await available(redis.hgetall(positionKey));
      if (queued === undefined) return undefined;
      const cursor = namespace === undefined || user === undefined ? undefined : { namespace, userId: user };
      return { only: only || null, cursor, queued: Number(queued) };
    },
    /** Users that wait; `isFull` where a partition has no room for so many more. */
    async waiting(more = 0): Promise<{ readonly count: number; readonly isFull: boolean }> {
      const lengths = await pipelined(redis, (pipeline) => {
        for (const partition of partitions) pipeline.xlen(redisKeys.refresh(version, 'backfill', partition));
      });
      const counts = lengths.map(Number);
      return {
        count: counts.reduce((sum, one) => sum + one, 0),
        isFull: counts.some((one) => one + more > refreshLimits.backfill),
      };
    },
    /** Queue first: a run that dies between the two puts some users in twice, and leaves out nobody. */
    async add(users: readonly ProfileCursor[], position: BackfillPosition): Promise<void> {
      await pipelined(redis, (pipeline) => {
        for (const user of users) pipeline.xadd(queueOf(user), '*', 'ns', user.namespace, 'user', user.userId);
        for (const key of new Set(users.map(queueOf))) pipeline.pexpire(key, keptForMs);
      });
      const { only, cursor, queued } = position;
      await pipelined(redis, (pipeline) => {
        pipeline.hset(positionKey, {
          only: only ?? '',
          queued,
          ...(cursor ? { namespace: cursor.namespace, user: cursor.userId } : {}),
        });
        pipeline.pexpire(positionKey, keptForMs);
      });
    },
    /** Users whose lists candidates could not make, since the run was begun. */
    async failed(): Promise<number> {
      return Number((await available(redis.hget(positionKey, 'failed'))) ?? 0);
    },
    async forget(): Promise<void> {
      await available(redis.del(positionKey));
    },
  };
}

export type BackfillStore = ReturnType<typeof createBackfillStore>;
