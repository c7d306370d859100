import type { Redis } from 'ioredis';
import type pg from 'pg';
import { databaseUrl, deleteTopics, withAdmin } from '../stack/areas.ts';
import type { ServerUrls } from '../stack/urls.ts';
import { stackEnvironment } from '../stack/urls.ts';

/** Where a demo runs unless told otherwise; Redis database 0 is left to `freshet run`. */
export const defaultArea = 1;

/**
 * A demo's part of the servers: Redis database `area`, and a database and topics named after area and run. Demos
 * of different areas run side by side and touch nothing of each other.
 */
export interface Area {
  readonly area: number;
  /** New with each run that starts over. */
  readonly runId: string;
}

const databasesOf = (area: number) => `freshet_demo_${area}_`;
const topicsOf = (area: number) => `demo.${area}.`;
const databaseOf = ({ area, runId }: Area) => databasesOf(area) + runId;

/** The area as a process's environment; but for the default area, its port is a free one. */
export function areaEnvironment(urls: ServerUrls, area: Area): Record<string, string> {
  const redisUrl = new URL(urls.redisUrl);
  redisUrl.pathname = `/${area.area}`;
  return {
    ...stackEnvironment({
      ...urls,
      postgresUrl: databaseUrl(urls.postgresUrl, databaseOf(area)),
      redisUrl: redisUrl.href,
    }),
    FRESHET_KAFKA_TOPIC_PREFIX: `${topicsOf(area.area)}${area.runId}.`,
    ...(area.area === defaultArea ? {} : { FRESHET_HTTP_PORT: '0' }),
  };
}

async function databases(client: pg.Client, prefix: string): Promise<string[]> {
  const text = 'SELECT datname FROM pg_database WHERE starts_with(datname, $1)';
  const { rows } = await client.query<{ datname: string }>(text, [prefix]);
  return rows.map(({ datname }) => datname);
}

/** Removes everything that is in the area. */
export async function clearArea(urls: ServerUrls, area: number, redis: Redis): Promise<void> {
  await withAdmin(urls.postgresUrl, async (client) => {
    for (const name of await databases(client, databasesOf(area))) {
      await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    }
  });
  await deleteTopics(urls.kafkaBrokers, (name) => name.startsWith(topicsOf(area)));
  await redis.flushdb();
}

/** Leaves a run's area as it is, and gives a new run an empty one. Its database comes last: with it all is done. */
export async function prepareArea(urls: ServerUrls, area: Area, redis: Redis): Promise<void> {
  const name = databaseOf(area);
  const isThere = await withAdmin(urls.postgresUrl, async (client) => (await databases(client, name)).includes(name));
  if (isThere) return;
  await clearArea(urls, area.area, redis);
  await withAdmin(urls.postgresUrl, (client) => client.query(`CREATE DATABASE "${name}"`));
}
