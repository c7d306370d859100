import { Redis } from 'ioredis';
import { withAdmin } from './areas.ts';

async function databaseCount(redis: Redis): Promise<number> {
  const [, count] = (await redis.config('GET', 'databases')) as string[];
  return Number(count ?? 16);
}

/**
 * A numbered Redis database, emptied, in turn from all there are but 0 and 1, which a developer's own runs take.
 * The turn is kept in Postgres: a Redis that a test kills would forget it. Answers its URL.
 */
export async function takeRedisDatabase(urls: { postgresUrl: string; redisUrl: string }): Promise<string> {
  const turn = await withAdmin(urls.postgresUrl, async (client) => {
    await client.query('CREATE SEQUENCE IF NOT EXISTS freshet_test_redis').catch((error: { code?: string }) => {
      if (error.code !== '23505' && error.code !== '42P07') throw error; // two processes at once: one of them made it
    });
    const { rows } = await client.query<{ turn: string }>("SELECT nextval('freshet_test_redis') AS turn");
    return Number(rows[0]?.turn);
  });
  const url = new URL(urls.redisUrl);
  const redis = new Redis(url.href);
  try {
    const count = await databaseCount(redis);
    const index = 2 + (turn % (count - 2));
    await redis.select(index);
    await redis.flushdb();
    url.pathname = `/${index}`;
    return url.href;
  } finally {
    redis.disconnect();
  }
}

export async function clearRedisDatabase(url: string): Promise<void> {
  const redis = new Redis(url);
  try {
    await redis.flushdb();
  } finally {
    redis.disconnect();
  }
}
