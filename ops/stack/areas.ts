import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';

/** The server's own database, from which others are made and dropped. */
function adminUrl(postgresUrl: string): string {
  return databaseUrl(postgresUrl, 'postgres');
}

/** URL of another database of the same server. */
export function databaseUrl(postgresUrl: string, database: string): string {
  const url = new URL(postgresUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs `use` with one connection to the server's own database that is closed afterwards. */
export async function withAdmin<T>(postgresUrl: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: adminUrl(postgresUrl) });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Deletes every topic whose name `isOurs` takes, and every such consumer group that has no member left. */
export async function deleteTopics(brokers: string, isOurs: (name: string) => boolean): Promise<void> {
  const kafka = new Kafka({ clientId: 'freshet-areas', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter(isOurs);
    if (topics.length > 0) await admin.deleteTopics({ topics, timeout: 30_000 });
    const groups = (await admin.listGroups()).groups.map(({ groupId }) => groupId).filter(isOurs);
    const { groups: described } = groups.length > 0 ? await admin.describeGroups(groups) : { groups: [] };
    const empty = described.filter(({ members }) => members.length === 0).map(({ groupId }) => groupId);
    if (empty.length > 0) await admin.deleteGroups(empty);
  } finally {
    await admin.disconnect();
  }
}
