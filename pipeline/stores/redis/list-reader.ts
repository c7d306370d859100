import type { Redis } from 'ioredis';
import type { ListReader } from '../serving.ts';
import { available, versionOf } from './available.ts';
import { redisKeys } from './keys.ts';

/**
 * What a request asks. Give it a connection with `enableAutoPipelining`, `enableOfflineQueue: false` and
 * a `commandTimeout`: calls of one tick then leave in one write, and a Redis that is away shows at once.
 */
export function createListReader(redis: Redis): ListReader {
  return {
    async user(version, namespace, userId) {
      const [list = null, profile = null, recent = null] = await available(
        redis.mgetBuffer(
          redisKeys.list(version, namespace, userId),
          redisKeys.profile(version, namespace, userId),
          redisKeys.recent(namespace, userId),
        ),
      );
      return { list, profile, recent };
    },
    similar: (version, namespace, items) =>
      available(redis.mgetBuffer(items.map((item) => redisKeys.similar(version, namespace, item)))),
    active: async () => versionOf(await available(redis.get(redisKeys.active))),
  };
}
