import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { driverConnection, translateKafka } from '../../pipeline/broker/kafka/client.ts';
import { createRegistryHttp } from '../../pipeline/broker/registry/registry-http.ts';
import { FreshetError, messageOf } from '../../pipeline/kernel/errors.ts';
import { type ServerName, serverNames } from './server-name.ts';
import { postgresUser, registryDatabase } from './settings.ts';
import type { ServerUrls } from './urls.ts';

const timeoutMs = 3_000;

async function withPostgres<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs });
  client.on('error', () => {}); // a connection that breaks also rejects the query in flight
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end();
  }
}

async function checkPostgres({ postgresUrl }: ServerUrls): Promise<void> {
  await withPostgres(postgresUrl, (client) => client.query('SELECT 1'));
}

async function checkKafka({ kafkaBrokers, access }: ServerUrls): Promise<void> {
  const kafka = new Kafka({
    clientId: 'freshet-health',
    ...driverConnection(access?.kafka ?? { brokers: kafkaBrokers }),
    logLevel: logLevel.NOTHING,
    connectionTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.describeCluster();
    // Finds the group's coordinator, which is not there in the first seconds of a new cluster.
    await admin.fetchOffsets({ groupId: 'freshet-health' });
  } catch (error) {
    throw translateKafka(error);
  } finally {
    await admin.disconnect();
  }
}

async function checkRegistry({ registryUrl, access }: ServerUrls): Promise<void> {
  const request = createRegistryHttp({ ...(access?.registry ?? { url: registryUrl }), timeoutMs });
  const { status, errorCode } = await request('GET', '/subjects');
  if (errorCode !== undefined) throw new Error(`GET /subjects answers ${status}`);
}

async function checkRedis({ redisUrl }: ServerUrls): Promise<void> {
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  redis.on('error', () => {}); // reported by connect() and ping()
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}

const checks: Readonly<Record<ServerName, (urls: ServerUrls) => Promise<void>>> = {
  postgres: checkPostgres,
  kafka: checkKafka,
  registry: checkRegistry,
  redis: checkRedis,
};

/** Asks the server over its own protocol; rejects where it does not answer as a healthy one. */
export function checkServer(name: ServerName, urls: ServerUrls): Promise<void> {
  return checks[name](urls);
}

/** What is wrong with those servers that do not answer as healthy ones, as `name: problem`. */
export async function serverProblems(
  urls: ServerUrls,
  names: readonly ServerName[] = serverNames,
): Promise<readonly string[]> {
  const results = await Promise.allSettled(names.map((name) => checkServer(name, urls)));
  return results.flatMap((result, index) =>
    result.status === 'rejected' ? [`${names[index]}: ${messageOf(result.reason)}`] : [],
  );
}

const answerTimeoutMs = 60_000;
const answerPollMs = 100;

/**
 * Waits until the servers answer. A container is healthy as soon as its server listens, which for Kafka is
 * seconds before a group finds its coordinator. Rejects with what is still wrong after a minute.
 */
export async function untilServersAnswer(urls: ServerUrls, names?: readonly ServerName[]): Promise<void> {
  const deadline = performance.now() + answerTimeoutMs;
  for (;;) {
    const problems = await serverProblems(urls, names);
    if (problems.length === 0) return;
    if (performance.now() > deadline)
      throw new FreshetError('stack_no_answer', `servers run but do not answer:\n  ${problems.join('\n  ')}`);
    await delay(answerPollMs);
  }
}

/** Creates the databases of the application and of the registry where they are missing. */
export async function ensureDatabases({ postgresUrl }: ServerUrls): Promise<void> {
  const url = new URL(postgresUrl);
  url.pathname = '/postgres';
  await withPostgres(url.href, async (client) => {
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
    const present = new Set(rows.map((row) => row.datname));
    for (const name of [postgresUser, registryDatabase]) {
      if (!present.has(name)) await client.query(`CREATE DATABASE ${name}`);
    }
  });
}
