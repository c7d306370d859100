import { hostname } from 'node:os';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { connectionConfig } from '../../../pipeline/stores/postgres/database.ts';
import { migrateUp } from '../../migrate/migrate.ts';
import { databaseUrl, deleteTopics, withAdmin } from '../../stack/areas.ts';
import { folderHash } from '../../stack/paths.ts';
import { identityOf } from '../../stack/process-identity.ts';
import type { ServerUrls } from '../../stack/stack.ts';
import { type BenchEvents, idAt, idBytes } from './events.ts';

/** Partitions of every topic of a bench: what the catalogue gives `engagement.interaction.recorded.v1`. */
export const partitionCount = 8;

/** A database and topics of this bench alone; whoever opens it closes it. */
export interface BenchArea {
  /** The servers, with the bench's own database. */
  readonly urls: ServerUrls;
  /** Before the names of topics and groups. */
  readonly prefix: string;
  readonly client: pg.Client;
  /** A new topic and its name as outbox rows carry it, without the prefix. Its records carry the time of their append. */
  createTopic(label: string): Promise<string>;
  dropTopic(name: string): Promise<void>;
  /** Partition → where the next record goes. */
  endOffsets(name: string): Promise<ReadonlyMap<number, number>>;
  close(): Promise<void>;
}

/** The number in a name is a process of the machine before it, so that no other machine's area is ever swept. */
export const place = folderHash(hostname()).slice(0, 6);
const databases = new RegExp(`^freshet_bench_${place}_p(\\d+)(_[a-z0-9_]+)?$`);
const topics = new RegExp(`^bench\\.${place}\\.p(\\d+)\\.`);

const isDead = (name: string, pattern: RegExp): boolean => {
  const pid = pattern.exec(name)?.[1];
  return pid !== undefined && identityOf(Number(pid)) === undefined;
};

/** A slot that was left would keep it from being dropped. */
async function dropDatabase(admin: pg.Client, name: string): Promise<void> {
  await admin.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1', [name]);
  await admin.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
}

/** Removes what benches of this machine left that were killed before they could. */
export async function sweep({ postgresUrl, kafkaBrokers }: ServerUrls): Promise<void> {
  await withAdmin(postgresUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
    const dead = rows.map(({ datname }) => datname).filter((name) => isDead(name, databases));
    for (const name of dead) await dropDatabase(client, name);
  });
  await deleteTopics(kafkaBrokers, (name) => isDead(name, topics));
}

function createTopics(urls: ServerUrls, prefix: string) {
  const kafka = new Kafka({
    clientId: 'freshet-bench',
    brokers: urls.kafkaBrokers.split(','),
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  let made = 0;
  const topicConfig = {
    numPartitions: partitionCount,
    configEntries: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }],
  };
  return {
    admin,
    async createTopic(label: string) {
      made += 1;
      const name = `${label}-${made}`;
      await admin.createTopics({ topics: [{ topic: prefix + name, ...topicConfig }], waitForLeaders: true });
      return name;
    },
    dropTopic: (name: string) => admin.deleteTopics({ topics: [prefix + name], timeout: 30_000 }),
    async endOffsets(name: string) {
      const offsets = await admin.fetchTopicOffsets(prefix + name);
      return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
    },
  };
}

/** Creates the bench's own database with our tables, and nothing in it yet. */
export async function openArea(servers: ServerUrls): Promise<BenchArea> {
  await sweep(servers);
  const database = `freshet_bench_${place}_p${process.pid}`;
  const prefix = `bench.${place}.p${process.pid}.`;
  const urls = { ...servers, postgresUrl: databaseUrl(servers.postgresUrl, database) };
  const client = new pg.Client({ ...connectionConfig(urls.postgresUrl), application_name: 'freshet bench' });
  const { admin, ...kafka } = createTopics(servers, prefix);
  const close = async () => {
    await client.end();
    await admin.disconnect();
    await withAdmin(servers.postgresUrl, (own) => dropDatabase(own, database));
    await deleteTopics(servers.kafkaBrokers, (name) => name.startsWith(prefix));
  };
  await withAdmin(servers.postgresUrl, (own) => own.query(`CREATE DATABASE "${database}"`));
  try {
    await migrateUp({ url: urls.postgresUrl, log: createLogger('warn') });
    await client.connect();
    await admin.connect();
  } catch (error) {
    await close();
    throw error;
  }
  return { urls, prefix, client, ...kafka, close };
}

const loadRows = 5_000;

/**
 * Puts the events where a run can copy them from by SQL alone: a million in some seconds, so the time is the relay's.
 * Key and id are cut out of the payload, whose fields have fixed widths.
 */
export async function loadEvents({ client }: Pick<BenchArea, 'client'>, events: BenchEvents): Promise<void> {
  await client.query(
    `CREATE UNLOGGED TABLE bench_event (i bigint PRIMARY KEY, shard smallint NOT NULL, key bytea NOT NULL,
                                        event_id text NOT NULL, payload bytea NOT NULL, occurred_at timestamptz NOT NULL)`,
  );
  const text = `INSERT INTO bench_event
    SELECT $1::bigint + g, get_byte($4::bytea, g), 'default|'::bytea || substring(p from ${idAt + idBytes + 10} for 10),
           convert_from(substring(p from ${idAt + 1} for ${idBytes}), 'UTF8'), p, now()
      FROM generate_series(0, $2::int - 1) g, LATERAL (SELECT substring($5::bytea from 1 + g * $3::int for $3::int) p) s`;
  for (let from = 0; from < events.count; from += loadRows) {
    const count = Math.min(loadRows, events.count - from);
    const bytes = events.payloads.subarray(from * events.payloadBytes, (from + count) * events.payloadBytes);
    const shards = events.shards.subarray(from, from + count);
    await client.query({ name: 'load', text, values: [from, count, events.payloadBytes, shards, bytes] });
  }
  await client.query('VACUUM (ANALYZE) bench_event');
}
