import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FreshetProcess, startProcess } from '../../../ops/process/process.ts';
import type { Role } from '../../../ops/process/roles.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { topics } from '../../../schemas/topics.ts';
import { type CuttableLink, createCuttableLink } from '../../support/cuttable-link.ts';
import { eventually } from '../../support/eventually.ts';
import { createInstalledWorkspace, untilReady } from '../../support/whole-process.ts';
import type { Workspace } from '../../support/workspace.ts';

interface Document {
  readonly code?: string;
  readonly missing: readonly { stage: string; state_version: number; offsets: unknown[]; last_reported_by: string[] }[];
  readonly stages: readonly {
    stage: string;
    instance: string;
    state: string;
    lag_seconds: number;
    partitions: unknown[];
  }[];
  readonly workers: readonly { instance: string; state: string; roles: string[] }[];
}

let workspace: Workspace;
let link: CuttableLink;
let worker: FreshetProcess;
let database: ReturnType<typeof openDatabase>;
const warnings: string[] = [];

const start = (role: Role) => {
  const postgres = new URL(workspace.config.FRESHET_POSTGRES_URL);
  postgres.host = `127.0.0.1:${link.port}`;
  return startProcess({
    config: { ...workspace.config, FRESHET_POSTGRES_URL: postgres.href },
    roles: new Set([role]),
    log: createLogger('warn', { write: (line) => void warnings.push(line) }),
    onFatal: () => expect.unreachable('nothing fails'),
  });
};

beforeAll(async () => {
  workspace = await createInstalledWorkspace({ name: 'stream-worker' });
  const direct = new URL(workspace.config.FRESHET_POSTGRES_URL);
  link = await createCuttableLink({ host: direct.hostname, port: Number(direct.port) });
  database = openDatabase({ url: direct.href, onIdleError: () => undefined });
  worker = await start('enrichment');
  await untilReady(worker);
});
afterAll(async () => {
  await worker?.stop();
  await database?.close();
  await link?.close();
  await workspace?.close();
});

async function ask(url: string): Promise<{ status: number; document: Document }> {
  const response = await fetch(`${url}/stream/worker`);
  return { status: response.status, document: (await response.json()) as Document };
}

const whoSays = (instance: string, agoSeconds: number) =>
  database.query({
    text: `INSERT INTO worker_status VALUES ($1, '{aggregation}', '1', now(), now() - $2 * interval '1 s', $3)`,
    values: [instance, agoSeconds, { stages: [], relays: [] }],
  });

it('tells each stage of each process, and first the stages that nobody runs', async () => {
  const claim = `INSERT INTO consumer_offset VALUES (1, 'aggregation', $1, 3, 42, 1, 'gone')`;
  await database.query({ text: claim, values: [topics.interactionEnriched.name] });
  const { document } = await eventually(async () => {
    const answer = await ask(worker.url);
    expect(answer.document.stages).toMatchObject([{ stage: 'enrichment', state: 'running', lag_records: 0 }]);
    return answer;
  });
  expect(document.stages[0]?.partitions).toHaveLength(topics.interactionRecorded.partitions);
  const aggregation = document.missing.find(({ stage }) => stage === 'aggregation');
  expect(aggregation).toMatchObject({ state_version: 1, offsets: [{ partition: 3, next: '42', owner: 'gone' }] });
  expect(document.missing.map(({ stage }) => stage)).toEqual([
    'aggregation',
    'candidates',
    'catalog-config',
    'catalog-items',
    'catalog-users',
    'dlq-index',
    'exposure',
    'intake',
  ]);
});

it('hears of processes elsewhere, tells which have fallen silent, and forgets them after a minute', async () => {
  await whoSays('long-gone', 61);
  await whoSays('silent', 10);
  const other = await start('serving');
  await eventually(async () => {
    const { document } = await ask(other.url);
    expect(document.workers.map(({ state, roles }) => ({ state, roles }))).toEqual(
      expect.arrayContaining([
        { state: 'running', roles: ['enrichment'] },
        { state: 'running', roles: ['serving'] },
        { state: 'stale', roles: ['aggregation'] },
      ]),
    );
    expect(document.workers.map(({ instance }) => instance)).not.toContain('long-gone');
  });
  await other.stop();
  const { document } = await ask(worker.url);
  expect(document.workers.flatMap(({ roles }) => roles)).not.toContain('serving');
});

it('answers for itself alone while Postgres is away, and says so in the log once', async () => {
  link.cut();
  const { status, document } = await eventually(async () => {
    const answer = await ask(worker.url);
    expect(answer.status).toBe(503);
    return answer;
  });
  expect({ status, code: document.code }).toEqual({ status: 503, code: 'unavailable' });
  expect(document.stages).toMatchObject([{ stage: 'enrichment' }]);
  const said = () => warnings.filter((line) => line.includes('cannot write what this process does'));
  await eventually(() => expect(said()).toHaveLength(1));
  expect(worker.unready()).toBeUndefined();
  link.mend();
  await eventually(async () => expect((await ask(worker.url)).status).toBe(200), { withinMs: 20_000 });
  expect(said()).toHaveLength(1);
});
