import type { Redis } from 'ioredis';
import type { CandidateWriter, ProjectionState } from '../candidate.ts';
import { redisKeys } from './keys.ts';
import { pipelined } from './pipelined.ts';

/** Entries the feed of popular lists keeps, about; readers further behind load everything again. */
const feedLength = 1_000;

/** Lists in Redis. The connection belongs to whoever made it. */
export function createCandidateWriter(redis: Redis): CandidateWriter & ProjectionState {
  return {
    async saveUsers(version, users) {
      await pipelined(redis, (pipeline) => {
        for (const { namespace, userId, list, profile } of users) {
          const set = (key: string, value: Buffer | null) => (value ? pipeline.set(key, value) : pipeline.del(key));
          set(redisKeys.list(version, namespace, userId), list);
          set(redisKeys.profile(version, namespace, userId), profile);
        }
      });
    },
    async saveSimilar(version, items) {
      await pipelined(redis, (pipeline) => {
        for (const { namespace, item, list } of items) {
          const key = redisKeys.similar(version, namespace, item);
          if (list) pipeline.set(key, list);
          else pipeline.del(key);
        }
      });
    },
    async savePopular(version, lists) {
      await pipelined(redis, (pipeline) => {
        for (const { namespace, segment, list } of lists) {
          const key = redisKeys.popular(version, namespace, segment);
          const name = `${namespace} ${segment}`;
          if (list) pipeline.set(key, list).sadd(redisKeys.popularIndex(version), name);
          else pipeline.del(key).srem(redisKeys.popularIndex(version), name);
          const entry = ['kind', 'popular', 'ns', namespace, 'segment', segment];
          pipeline.xadd(redisKeys.feed(version), 'MAXLEN', '~', feedLength, '*', ...entry);
        }
      });
    },
    async projected(version) {
      const [partitions] = await pipelined(redis, (pipeline) => pipeline.hkeys(redisKeys.marker(version)));
      return new Set((partitions as string[]).map(Number));
    },
    async markProjected(version, partition) {
      await pipelined(redis, (pipeline) => pipeline.hset(redisKeys.marker(version), partition, 1));
    },
    async assertActive(version) {
      await pipelined(redis, (pipeline) => pipeline.set(redisKeys.active, version));
    },
  };
}
