import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrateUp } from '../../../ops/migrate/migrate.ts';
import { type FreshetProcess, startProcess } from '../../../ops/process/process.ts';
import { withAdmin } from '../../../ops/stack/areas.ts';
import { parseConfig } from '../../../pipeline/kernel/config.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { append } from '../../../pipeline/stores/postgres/outbox-writer/index.ts';
import { jsonTopics } from '../../../schemas/topics.ts';
import { eventually } from '../../support/eventually.ts';
import { createServiceDatabase, type ServiceDatabase } from '../../support/service-database.ts';
import { untilReady } from '../../support/whole-process.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { followTopics, type TopicLog } from './topic-log.ts';

const log = createLogger('silent');
const topic = jsonTopics.engagementEvents;
const nowhere = 'postgres://nobody@127.0.0.1:1/nowhere';

let workspace: Workspace;
let orders: ServiceDatabase;
let bare: ServiceDatabase;
let unsafe: ServiceDatabase;
let process: FreshetProcess;
let records: TopicLog;
const fatal: string[] = [];

beforeAll(async () => {
  [orders, bare, unsafe] = await Promise.all([
    createServiceDatabase(),
    createServiceDatabase({ installed: false }),
    createServiceDatabase(),
  ]);
  await (await unsafe.connect()).query('ALTER SEQUENCE freshet.outbox_seq_seq CACHE 10');
  const urls = [orders, bare, unsafe].map(({ url }) => url);
  workspace = await createWorkspace({
    name: 'outboxes',
    topics: [topic],
    env: { FRESHET_OUTBOX_URLS: [...urls, nowhere].join(), FRESHET_RELAY_LEASE_MS: '500' },
  });
  records = await followTopics(workspace.config, [topic.name]);
  process = await startProcess({
    config: workspace.config,
    roles: new Set(['relay']),
    log,
    onFatal: (component, error) => void fatal.push(`${component}: ${String(error)}`),
  });
});

afterAll(async () => {
  await process.stop();
  await records.close();
  await Promise.all([orders, bare, unsafe].map((service) => service.close()));
  await workspace.close();
});

const nameOf = (url: string) => new URL(url).host + new URL(url).pathname;
const problemOf = (outbox: string) => process.pipeline.relays().find((one) => one.outbox === outbox)?.problem;

/** Appends one event in a transaction of its own and waits until the topic has it. */
async function arrives(url: string, eventId: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query('BEGIN');
  await append(client, [{ event_id: eventId, user_id: `u-${eventId}`, item_id: 'i-1', type: 'view' }]);
  await client.query('COMMIT');
  await client.end();
  await eventually(() => expect(records.entries.map(idOf)).toContain(eventId), { withinMs: 15_000 });
}

const idOf = ({ value }: { value: string | null }) => (JSON.parse(value ?? '{}') as { event_id?: string }).event_id;

describe('a process that serves several outboxes', () => {
  it('publishes what is appended in each, on the partition of its key', async () => {
    await arrives(workspace.config.FRESHET_POSTGRES_URL, 'ours');
    await arrives(orders.url, 'theirs');
    expect(records.entries.map(({ key }) => key).sort()).toEqual(['default|u-ours', 'default|u-theirs']);
  });

  it('is ready without those that are away, not installed or unsafe, and names them', async () => {
    await untilReady(process);
    await eventually(() => {
      expect(problemOf('main')).toBeNull();
      expect(problemOf(nameOf(orders.url))).toBeNull();
      expect(problemOf(nameOf(nowhere))).toContain('ECONNREFUSED');
      expect(problemOf(nameOf(bare.url))).toContain('does not exist');
      expect(problemOf(nameOf(unsafe.url))).toContain('the sequence must have CACHE 1');
    });
    const health = (await (await fetch(`${process.url}/healthz`)).json()) as { subsystems: { relays: unknown } };
    expect(health.subsystems.relays).toEqual(process.pipeline.relays());
    expect(fatal).toEqual([]);
  });

  it('tells its metrics apart by outbox', async () => {
    await eventually(async () => {
      const text = await process.metrics.registry.metrics();
      const line = (outbox: string) =>
        `freshet_relay_published_records_total{topic="${topic.name}",outbox="${outbox}"} 1`;
      expect(text).toContain(line('main'));
      expect(text).toContain(line(nameOf(orders.url)));
      expect(text).toContain('freshet_relay_serving{outbox="main"} 1');
      expect(text).toContain(`freshet_relay_serving{outbox="${nameOf(nowhere)}"} 0`);
      expect(text).toContain(`freshet_relay_leases_held{outbox="${nameOf(orders.url)}"} 16`);
    });
  });

  it('goes on with the others while one is away, and with that one when it is back', async () => {
    const { postgresUrl } = inject('stack');
    const database = new URL(orders.url).pathname.slice(1);
    const allow = (allowed: boolean) =>
      withAdmin(postgresUrl, async (admin) => {
        await admin.query(`ALTER DATABASE "${database}" ALLOW_CONNECTIONS ${allowed}`);
        await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database]);
      });
    await allow(false);
    await eventually(() => expect(problemOf(nameOf(orders.url))).toContain('not available'));
    await arrives(workspace.config.FRESHET_POSTGRES_URL, 'meanwhile');
    await allow(true);
    await arrives(orders.url, 'afterwards');
    await eventually(() => expect(problemOf(nameOf(orders.url))).toBeNull());
  });

  it('takes up one that is installed later', async () => {
    await migrateUp({ url: bare.url, only: 'outbox', log });
    await arrives(bare.url, 'later');
  });

  it('cannot be told to serve one twice', async () => {
    const { FRESHET_POSTGRES_URL: ours } = workspace.config;
    const config = { ...workspace.config, FRESHET_OUTBOX_URLS: [ours] };
    const start = startProcess({ config, roles: new Set(['relay']), log, onFatal: () => undefined });
    await expect(start).rejects.toThrow('is the database of FRESHET_POSTGRES_URL');
    const parse = (urls: string) => () => parseConfig({ ...workspace.env, FRESHET_OUTBOX_URLS: urls });
    expect(parse(`${nowhere}, ${nowhere}`)).toThrow('FRESHET_OUTBOX_URLS: names a database twice');
    expect(parse(`${nowhere},mysql://here/db`)).toThrow('FRESHET_OUTBOX_URLS: must be postgres:// URLs');
    expect(parse(` ${nowhere} , `)().FRESHET_OUTBOX_URLS).toEqual([nowhere]);
  });
});
