import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { listFormat, receivedAtOffset } from '../../domain/packed-list.ts';
import type { CandidateWriter, ProjectionState } from '../candidate.ts';
import { available, versionOf } from './available.ts';
import { redisKeys } from './keys.ts';
import { pipelined } from './pipelined.ts';

/** Entries the feed of popular lists keeps, about; readers further behind load everything again. */
const feedLength = 1_000;
/** Value of a mark whose partition is whole; any other names the attempt that is writing it. */
const whole = '1';

/** Compares what the stored list reflects with what the new one does: 17 µs of Redis a user, two SETs take 4 (7.0, 2 KiB). */
const saveUser = `
local known = redis.call('GETRANGE', KEYS[1], 0, ${receivedAtOffset + 7})
if #known == ${receivedAtOffset + 8} and known:byte(1) == ${listFormat} and ARGV[1]:byte(1) == ${listFormat}
   and struct.unpack('<d', known, ${receivedAtOffset + 1}) > struct.unpack('<d', ARGV[1], ${receivedAtOffset + 1}) then
  return
end
if ARGV[2] == '' then
  redis.call('SET', KEYS[1], ARGV[1])
  redis.call('DEL', KEYS[2])
else redis.call('MSET', KEYS[1], ARGV[1], KEYS[2], ARGV[2]) end`;

const markWhole = `
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HSET', KEYS[1], ARGV[1], '${whole}') end`;

const replaceActive = `
if (tonumber(redis.call('GET', KEYS[1]) or '') or 0) == tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[2]) end`;

const noProfile = Buffer.alloc(0);

/** Lists in Redis. The connection belongs to whoever made it. */
export function createCandidateWriter(redis: Redis): CandidateWriter & ProjectionState {
  return {
    async saveUsers(version, users) {
      await pipelined(redis, (pipeline) => {
        for (const { namespace, userId, list, profile } of users) {
          const keys = [redisKeys.list(version, namespace, userId), redisKeys.profile(version, namespace, userId)];
          if (list) pipeline.eval(saveUser, 2, ...keys, list, profile ?? noProfile);
          else pipeline.del(...keys);
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
      const marks = Object.entries(await available(redis.hgetall(redisKeys.marker(version))));
      return new Set(marks.filter(([, value]) => value === whole).map(([partition]) => Number(partition)));
    },
    async beginProjection(version, partitions) {
      const attempt = randomUUID();
      await pipelined(redis, (pipeline) => {
        for (const partition of partitions) pipeline.hset(redisKeys.marker(version), partition, attempt);
      });
      return attempt;
    },
    async markProjected(version, partition, attempt) {
      await pipelined(redis, (pipeline) =>
        pipeline.eval(markWhole, 1, redisKeys.marker(version), String(partition), attempt),
      );
    },
    async announce(version) {
      await available(redis.sadd(redisKeys.versions, version));
    },
    active: async () => versionOf(await available(redis.get(redisKeys.active))),
    async assertActive(version, before) {
      await pipelined(redis, (pipeline) =>
        pipeline.eval(replaceActive, 1, redisKeys.active, String(before ?? 0), String(version)),
      );
    },
  };
}
