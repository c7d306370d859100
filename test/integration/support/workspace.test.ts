import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { topics } from '../../../schemas/topics.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

async function databases(): Promise<string[]> {
  const client = new pg.Client({ connectionString: inject('stack').postgresUrl });
  await client.connect();
  const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
  await client.end();
  return rows.map((row) => row.datname);
}

async function topicNames(): Promise<string[]> {
  const kafka = new Kafka({ brokers: inject('stack').kafkaBrokers.split(','), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const names = await admin.listTopics();
  await admin.disconnect();
  return names;
}

const nameOf = ({ config }: Workspace) => new URL(config.FRESHET_POSTGRES_URL).pathname.slice(1);

describe('a workspace', () => {
  const opened: Workspace[] = [];
  afterAll(async () => {
    await Promise.all(opened.map((workspace) => workspace.close()));
  });
  const open = async (options: Parameters<typeof createWorkspace>[0]) => {
    const workspace = await createWorkspace(options);
    opened.push(workspace);
    return workspace;
  };

  it('has a migrated database of its own', async () => {
    const [one, other] = await Promise.all([open({ name: 'one' }), open({ name: 'other' })]);
    expect(nameOf(one)).not.toBe(nameOf(other));
    const client = new pg.Client({ connectionString: one.config.FRESHET_POSTGRES_URL });
    await client.connect();
    const { rows } = await client.query('SELECT count(*)::int AS migrations FROM freshet.migration');
    await client.end();
    expect(rows[0].migrations).toBeGreaterThan(0);
  });

  it('has an empty Redis database of its own', async () => {
    const [one, other] = await Promise.all([open({ name: 'one' }), open({ name: 'other' })]);
    const redis = new Redis(one.config.FRESHET_REDIS_URL);
    await redis.set('key', 'value');
    const neighbour = new Redis(other.config.FRESHET_REDIS_URL);
    expect(await neighbour.dbsize()).toBe(0);
    redis.disconnect();
    neighbour.disconnect();
  });

  it('takes its topics, its groups and its database with it when it closes', async () => {
    const workspace = await createWorkspace({ name: 'closing', topics: [topics.configChanged] });
    const topic = workspace.config.FRESHET_KAFKA_TOPIC_PREFIX + topics.configChanged.name;
    expect(await topicNames()).toContain(topic);
    expect(await databases()).toContain(nameOf(workspace));
    await workspace.close();
    expect(await topicNames()).not.toContain(topic);
    expect(await databases()).not.toContain(nameOf(workspace));
  });
});
