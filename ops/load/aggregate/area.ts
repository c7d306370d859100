import pg from 'pg';
import { createKafkaAdmin } from '../../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../../pipeline/broker/kafka/client.ts';
import { createKafkaProducer } from '../../../pipeline/broker/kafka/producer.ts';
import { createCodec } from '../../../pipeline/broker/registry/codec.ts';
import { createHttpRegistry } from '../../../pipeline/broker/registry/http-registry.ts';
import { userKey } from '../../../pipeline/domain/keys.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { connectionConfig } from '../../../pipeline/stores/postgres/database.ts';
import { topics } from '../../../schemas/topics.ts';
import { migrateUp } from '../../migrate/migrate.ts';
import { applySchemas } from '../../schemas/apply.ts';
import { databaseUrl, deleteTopics, withAdmin } from '../../stack/areas.ts';
import { checkoutRoot } from '../../stack/paths.ts';
import type { ServerUrls } from '../../stack/urls.ts';
import { place, sweep } from '../relay/area.ts';
import type { Scenario } from './scenarios.ts';
import { seedState } from './seed.ts';

const database = `freshet_bench_${place}_p${process.pid}`;
const recordsASend = 5_000;

/** Tables of one run; dropped by `close`. */
export interface RunDatabase {
  readonly url: string;
  readonly client: pg.Client;
  close(): Promise<void>;
}

/** A filled topic, and state as it is before it is read. Runs read the same topic into databases of their own. */
export interface ScenarioArea {
  readonly scenario: Scenario;
  /** Before the names of topics and groups. */
  readonly prefix: string;
  openDatabase(): Promise<RunDatabase>;
  close(): Promise<void>;
}

const prefixOf = (name: string): string => `bench.${place}.p${process.pid}.${name}.`;
const drop = (servers: ServerUrls, name: string) =>
  withAdmin(servers.postgresUrl, (own) => own.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`));

/** Once a bench: what was left by killed ones goes, schemas come. */
export async function prepareServers(servers: ServerUrls): Promise<void> {
  await sweep(servers);
  await applySchemas({ registryUrl: servers.registryUrl, root: checkoutRoot(), log: createLogger('fatal') });
}

export async function openScenario(servers: ServerUrls, scenario: Scenario): Promise<ScenarioArea> {
  const prefix = prefixOf(scenario.name);
  const template = `${database}_${scenario.name}`;
  const close = async () => {
    await drop(servers, template);
    await deleteTopics(servers.kafkaBrokers, (name) => name.startsWith(prefix));
  };
  let runs = 0;
  try {
    await withAdmin(servers.postgresUrl, (own) => own.query(`CREATE DATABASE "${template}"`));
    const url = databaseUrl(servers.postgresUrl, template);
    await migrateUp({ url, log: createLogger('warn') });
    await seedState(url, scenario);
    await fillTopic(servers, prefix, scenario);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    scenario,
    prefix,
    close,
    async openDatabase() {
      runs += 1;
      const name = `${template}_${runs}`;
      await withAdmin(servers.postgresUrl, (own) => own.query(`CREATE DATABASE "${name}" TEMPLATE "${template}"`));
      const url = databaseUrl(servers.postgresUrl, name);
      const client = new pg.Client({ ...connectionConfig(url), application_name: 'freshet bench' });
      await client.connect();
      const closeRun = async () => {
        await client.end();
        await drop(servers, name);
      };
      return { url, client, close: closeRun };
    },
  };
}

/** Real records with their framing, in order of arrival, keyed and partitioned as enrichment's are. */
async function fillTopic(servers: ServerUrls, prefix: string, { events, seeded }: Scenario): Promise<void> {
  const log = createLogger('error');
  const kafka = createKafka({ brokers: servers.kafkaBrokers, clientId: 'freshet-bench', log });
  const names = kafkaNames(prefix);
  const admin = createKafkaAdmin({ kafka, names });
  const producer = createKafkaProducer({ kafka, names, clock: systemClock });
  const codec = createCodec({ registry: createHttpRegistry({ url: servers.registryUrl }), clock: systemClock });
  try {
    const wanted = [topics.interactionEnriched, topics.impressionRecorded];
    await admin.create(wanted.map(({ name, partitions }) => ({ name, partitions, config: {} })));
    const writer = await codec.writer(topics.interactionEnriched);
    for (let from = seeded; from < events.count; from += recordsASend) {
      const length = Math.min(recordsASend, events.count - from);
      const records = Array.from({ length }, (_, at) => {
        const event = events.at(from + at);
        return { key: userKey(event.namespace, event.userId), value: writer.write(event) };
      });
      await producer.send([{ topic: topics.interactionEnriched.name, records }]);
    }
  } finally {
    await Promise.all([admin.close(), producer.close()]);
  }
}
