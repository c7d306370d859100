import type { Redis } from 'ioredis';
import { chunkSize } from '../../../pipeline/domain/item-attributes.ts';
import { redisKeys } from '../../../pipeline/stores/redis/keys.ts';
import type { DataSet } from './data-set.ts';
import { stateVersion } from './fill.ts';
import { benchNamespace as namespace } from './population.ts';

/** Bytes as Redis counts them (MEMORY USAGE): keys and overhead included, means of the keys looked at. */
export interface RedisBytes {
  /** List and profile of a user who has both. */
  readonly user: number;
  readonly recent: number;
  /** Similar list and the field of the chunk of attributes. */
  readonly item: number;
  readonly usersLookedAt: number;
  readonly itemsLookedAt: number;
}

const everyUser = 20;
const everyItem = 40;

async function bytesOf(redis: Redis, keys: readonly string[]): Promise<number> {
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.memory('USAGE', key, 'SAMPLES', 0);
  const answers = (await pipeline.exec()) ?? [];
  return answers.reduce((sum, [error, bytes]) => {
    if (error) throw error;
    return sum + Number(bytes ?? 0);
  }, 0);
}

export async function measureMemory(redis: Redis, { users, items }: DataSet): Promise<RedisBytes> {
  const known = users.filter(({ known: one }) => one).filter((_, i) => i % everyUser === 0);
  const active = users.filter(({ recent }) => recent.length > 0).filter((_, i) => i % everyUser === 0);
  const numbers = items.map((_, i) => i + 1).filter((number) => number % everyItem === 0);
  const chunks = Array.from({ length: Math.floor(items.length / chunkSize) + 1 }, (_, i) =>
    redisKeys.itemChunk(namespace, i * chunkSize),
  );
  const ofUsers = known.flatMap(({ userId }) => [
    redisKeys.list(stateVersion, namespace, userId),
    redisKeys.profile(stateVersion, namespace, userId),
  ]);
  const similar = numbers.map((number) => redisKeys.similar(stateVersion, namespace, number));
  const similarBytes = (await bytesOf(redis, similar)) / similar.length;
  const recent = active.map(({ userId }) => redisKeys.recent(namespace, userId));
  return {
    user: Math.round((await bytesOf(redis, ofUsers)) / known.length),
    recent: Math.round((await bytesOf(redis, recent)) / recent.length),
    item: Math.round(similarBytes + (await bytesOf(redis, chunks)) / items.length),
    usersLookedAt: known.length,
    itemsLookedAt: similar.length,
  };
}
