import { join } from 'node:path';
import type { BenchArea } from '../area.ts';
import { type RelayProcess, startRelayProcess } from '../relay-process.ts';
import type { RelaySystem } from './system.ts';

function startPeer({ urls, prefix }: BenchArea, file: string): Promise<RelayProcess> {
  return startRelayProcess({
    command: process.execPath,
    args: ['--disable-warning=TimeoutNegativeWarning', join(import.meta.dirname, '..', 'peers', file)],
    env: { BENCH_POSTGRES_URL: urls.postgresUrl, BENCH_KAFKA_BROKERS: urls.kafkaBrokers, BENCH_PREFIX: prefix },
  });
}

const appendTo = (table: string): string =>
  `INSERT INTO ${table} (topic, key, event_id, payload, occurred_at)
   SELECT $1, key, event_id, payload, occurred_at FROM bench_event WHERE i >= $2 AND i < $3 ORDER BY i`;

const columns = `topic text NOT NULL, key bytea NOT NULL, event_id text NOT NULL, payload bytea NOT NULL,
                 occurred_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT clock_timestamp()`;

/** `SELECT … FOR UPDATE SKIP LOCKED`, publish, UPDATE, with the partial index it needs. */
export const naive: RelaySystem = {
  name: 'naive',
  signalled: false,
  warmUpEvents: 50_000,
  async prepare({ client }) {
    await client.query(
      `CREATE TABLE naive_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ${columns}, published_at timestamptz);
       CREATE INDEX naive_unpublished ON naive_outbox (id) WHERE published_at IS NULL`,
    );
  },
  appendSql: appendTo('naive_outbox'),
  async reset({ client }) {
    await client.query('TRUNCATE naive_outbox');
  },
  release: async () => {},
  start: (area) => startPeer(area, 'naive-process.ts'),
};

/** `xid < pg_snapshot_xmin(pg_current_snapshot())` with one cursor. */
export const xmin: RelaySystem = {
  name: 'xmin',
  signalled: false,
  warmUpEvents: 50_000,
  async prepare({ client }) {
    await client.query(
      `CREATE TABLE xmin_outbox (xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
                                 id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1), ${columns}, PRIMARY KEY (xid, id));
       CREATE TABLE xmin_cursor (xid xid8 NOT NULL, id bigint NOT NULL) WITH (fillfactor = 10);
       INSERT INTO xmin_cursor VALUES ('0', 0)`,
    );
  },
  appendSql: appendTo('xmin_outbox'),
  async reset({ client }) {
    await client.query('TRUNCATE xmin_outbox');
  },
  release: async () => {},
  start: (area) => startPeer(area, 'xmin-process.ts'),
};
