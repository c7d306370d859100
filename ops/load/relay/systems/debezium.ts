import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchArea } from '../area.ts';
import { debeziumVersion } from '../debezium/install.ts';
import { startRelayProcess } from '../relay-process.ts';
import type { RelaySystem } from './system.ts';

export interface DebeziumOptions {
  /** The unpacked distribution. */
  readonly folder: string;
  readonly java: string;
}

const slot = 'freshet_bench';
const table = 'debezium_outbox';

/** Tuned for both, rate and latency: what each setting does stands in Debezium's reference. */
function properties({ urls, prefix }: BenchArea, folder: string): Readonly<Record<string, string | number>> {
  const database = new URL(urls.postgresUrl);
  return {
    'debezium.sink.type': 'kafka',
    'debezium.sink.kafka.producer.bootstrap.servers': urls.kafkaBrokers,
    'debezium.sink.kafka.producer.acks': 'all',
    'debezium.sink.kafka.producer.linger.ms': 1,
    'debezium.sink.kafka.producer.key.serializer': 'org.apache.kafka.common.serialization.StringSerializer',
    'debezium.sink.kafka.producer.value.serializer': 'org.apache.kafka.common.serialization.ByteArraySerializer',
    'debezium.source.connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'debezium.source.offset.storage.file.filename': join(folder, 'offsets.dat'),
    'debezium.source.offset.flush.interval.ms': 1_000,
    'debezium.source.database.hostname': database.hostname,
    'debezium.source.database.port': database.port || '5432',
    'debezium.source.database.user': decodeURIComponent(database.username),
    // An empty value is no value to it, and it fails without one; where Postgres trusts, any will do.
    'debezium.source.database.password': decodeURIComponent(database.password) || 'unused',
    'debezium.source.database.dbname': database.pathname.slice(1),
    'debezium.source.topic.prefix': 'bench',
    'debezium.source.table.include.list': `freshet.${table}`,
    'debezium.source.plugin.name': 'pgoutput',
    'debezium.source.slot.name': slot,
    'debezium.source.publication.name': slot,
    'debezium.source.publication.autocreate.mode': 'disabled',
    'debezium.source.snapshot.mode': 'no_data',
    'debezium.source.max.batch.size': 8_192,
    'debezium.source.max.queue.size': 32_768,
    'debezium.source.poll.interval.ms': 1,
    'debezium.source.extended.headers.enabled': 'false',
    'debezium.transforms': 'outbox',
    'debezium.transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
    'debezium.transforms.outbox.table.field.event.id': 'event_id',
    'debezium.transforms.outbox.table.field.event.key': 'key',
    'debezium.transforms.outbox.table.field.event.payload': 'payload',
    'debezium.transforms.outbox.route.by.field': 'topic',
    // The one group of the default pattern; its name in braces would be taken for a reference to another setting.
    'debezium.transforms.outbox.route.topic.replacement': `${prefix}$1`,
    'debezium.format.key': 'simplestring',
    'debezium.format.value': 'binary',
    'quarkus.http.host-enabled': 'false',
    'quarkus.log.level': 'WARN',
    'quarkus.log.console.json.enabled': 'false',
  };
}

async function dropSlot({ client }: BenchArea): Promise<void> {
  await client.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1', [
    slot,
  ]);
}

/** Debezium Server: Postgres connector with pgoutput, outbox event router, Kafka sink. */
export const createDebezium = ({ folder, java }: DebeziumOptions): RelaySystem => ({
  name: 'debezium',
  signalled: false,
  warmUpEvents: 200_000,
  async prepare({ client }) {
    await client.query(
      `CREATE TABLE ${table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL, key text NOT NULL,
                              event_id text NOT NULL, payload bytea NOT NULL);
       CREATE PUBLICATION ${slot} FOR TABLE ${table} WITH (publish = 'insert')`,
    );
  },
  appendSql: `INSERT INTO ${table} (topic, key, event_id, payload)
              SELECT $1, convert_from(key, 'UTF8'), event_id, payload
                FROM bench_event WHERE i >= $2 AND i < $3 ORDER BY i`,
  async reset(area) {
    await area.client.query(`TRUNCATE ${table}`);
    await dropSlot(area);
    await area.client.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
  },
  release: dropSlot, // it would hold back the log, and keep the database from being dropped
  async start(area) {
    const home = mkdtempSync(join(tmpdir(), 'freshet-bench-debezium-'));
    const lines = Object.entries(properties(area, home)).map(([name, value]) => `${name}=${value}\n`);
    mkdirSync(join(home, 'config'));
    writeFileSync(join(home, 'config', 'application.properties'), lines.join(''));
    const runner = join(folder, `debezium-server-dist-${debeziumVersion}-runner.jar`);
    const relay = await startRelayProcess({
      command: java,
      args: [
        '-Xmx1g',
        '--add-opens',
        'java.base/java.lang=ALL-UNNAMED',
        '-cp',
        [runner, join(home, 'config'), join(folder, 'lib', '*')].join(':'),
        'io.debezium.server.Main',
      ],
      env: {},
      cwd: home,
    });
    return {
      ...relay,
      async stop() {
        await relay.stop();
        rmSync(home, { recursive: true, force: true });
      },
    };
  },
});
