import type { Redis } from 'ioredis';
import { databaseUrl, deleteTopics, withAdmin } from '../stack/areas.ts';
import type { ServerUrls } from '../stack/urls.ts';
import { stackEnvironment } from '../stack/urls.ts';

/** Redis database of the demo; tests take others, and 0 is left to `freshet run`. */
const redisDatabase = 1;
const prefixOf = (runId: string) => `demo-${runId}.`;
const databaseOf = (runId: string) => `freshet_demo_${runId}`;

/** The demo's part of the servers, as a process's environment. */
export function areaEnvironment(urls: ServerUrls, runId: string): Record<string, string> {
  const redisUrl = new URL(urls.redisUrl);
  redisUrl.pathname = `/${redisDatabase}`;
  return {
    ...stackEnvironment({
      ...urls,
      postgresUrl: databaseUrl(urls.postgresUrl, databaseOf(runId)),
      redisUrl: redisUrl.href,
    }),
    FRESHET_KAFKA_TOPIC_PREFIX: prefixOf(runId),
  };
}

/** An empty database and Redis database for a new run; what earlier runs left is removed. */
export async function createArea(urls: ServerUrls, runId: string, redis: Redis): Promise<void> {
  await withAdmin(urls.postgresUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      String.raw`SELECT datname FROM pg_database WHERE datname LIKE 'freshet\_demo\_%'`,
    );
    for (const { datname } of rows) await client.query(`DROP DATABASE IF EXISTS "${datname}" WITH (FORCE)`);
    await client.query(`CREATE DATABASE "${databaseOf(runId)}"`);
  });
  await deleteTopics(urls.kafkaBrokers, (name) => name.startsWith('demo-'));
  await redis.flushdb();
}
