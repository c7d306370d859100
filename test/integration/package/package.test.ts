import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateStatus } from '../../../ops/migrate/migrate.ts';
import { type FreshetProcess, startProcess } from '../../../ops/process/process.ts';
import { checkoutRoot } from '../../../ops/stack/paths.ts';
import { mustRun, runTool } from '../../../ops/stack/run-tool.ts';
import { parseInteraction } from '../../../pipeline/domain/intake/interaction.ts';
import { defaultSettings } from '../../../pipeline/domain/settings.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { jsonTopics } from '../../../schemas/topics.ts';
import { browserGlobals, createMockServer } from '../../support/client-rig.ts';
import { eventually } from '../../support/eventually.ts';
import { createServiceDatabase, type ServiceDatabase } from '../../support/service-database.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { followTopics, type TopicLog } from '../relay/topic-log.ts';

const root = checkoutRoot();
const topic = jsonTopics.engagementEvents;

let folder: string;
/** A project that installed the package and nothing else. */
let bare: string;
/** One that has the package's dependencies too, as an installation with a registry would. */
let full: string;
let service: ServiceDatabase;
let owner: pg.Client;

/** Installs the tarball offline: what it depends on is replaced by empty packages, so nothing can lean on it. */
async function install(tarball: string, into: string, dependencies: readonly string[]): Promise<void> {
  const empty = join(folder, 'empty');
  await mkdir(empty, { recursive: true });
  await writeFile(join(empty, 'package.json'), JSON.stringify({ name: 'empty', version: '1.0.0' }));
  const overrides = Object.fromEntries(dependencies.map((name) => [name, `file:${empty}`]));
  await mkdir(into);
  await writeFile(
    join(into, 'package.json'),
    JSON.stringify({ type: 'module', dependencies: { freshet: `file:${tarball}` }, overrides }),
  );
  const offline = ['--offline', '--cache', join(folder, 'no-cache'), '--no-audit', '--no-fund'];
  await mustRun({ command: 'npm', args: ['install', ...offline], cwd: into });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-package-'));
  service = await createServiceDatabase();
  owner = await service.connect();
  await owner.query('CREATE TABLE public.orders (id text PRIMARY KEY, user_id text)');
  await owner.query(`GRANT INSERT ON public.orders TO ${service.role}`);
  await mustRun({ command: 'npm', args: ['pack', '--pack-destination', folder], cwd: root });
  const { version, dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const tarball = join(folder, `freshet-${version}.tgz`);
  const names = Object.keys(dependencies);
  [bare, full] = [join(folder, 'bare'), join(folder, 'full')];
  await install(tarball, bare, names);
  await cp(bare, full, { recursive: true, verbatimSymlinks: true });
  for (const name of names) {
    const place = join(full, 'node_modules', name);
    await rm(place, { recursive: true, force: true });
    await mkdir(join(place, '..'), { recursive: true });
    await symlink(join(root, 'node_modules', name), place);
  }
  await cp(tarball, join(folder, 'freshet.tgz'));
}, 180_000);

afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true });
});

/** Ids of the outbox, in order; emptied afterwards. */
async function appended(): Promise<string[]> {
  const { rows } = await owner.query<{ event_id: string }>('SELECT event_id FROM freshet.outbox ORDER BY seq');
  await owner.query('DELETE FROM freshet.outbox');
  return rows.map(({ event_id: id }) => id);
}

/** Every Node there is: the checkout's, and another that the machine may have. */
async function nodes(): Promise<string[]> {
  const found = (process.env.PATH ?? '').split(':').map((path) => join(path, 'node'));
  const versions = new Map<string, string>();
  for (const command of [process.execPath, ...found]) {
    const { code, stdout } = await runTool({ command, args: ['--version'] }).catch(() => ({ code: 1, stdout: '' }));
    const major = Number(/^v(\d+)/.exec(stdout)?.[1] ?? 0);
    if (code === 0 && major >= 20 && !versions.has(stdout)) versions.set(stdout, command);
  }
  return [...versions.values()];
}

/** A fenced block of the README under a comment that says it is tested. */
async function snippet(name: 'ts' | 'sql' | 'client', language: 'ts' | 'sql'): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, text] = new RegExp(`<!-- tested: ${name} -->\\n\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(readme) ?? [];
  if (text === undefined) throw new Error(`the README has no tested ${name}`);
  return text;
}

describe('the packed package', () => {
  it('appends from a plain JavaScript project on every Node there is, and needs no other package', async () => {
    await writeFile(
      join(bare, 'append.js'),
      `import { append, FreshetError } from 'freshet/outbox';
       const { default: pg } = await import(process.env.DRIVER);
       const client = new pg.Client(process.env.DATABASE_URL);
       await client.connect();
       await client.query('BEGIN');
       const refused = await append(client, [{ event_id: 'a b', user_id: 'u', type: 'view' }]).catch((error) => error);
       if (!(refused instanceof FreshetError) || refused.code !== 'invalid_format') throw new Error('not refused');
       await append(client, [{ event_id: process.version, user_id: 'u', item_id: 'i', type: 'view' }]);
       await client.query('COMMIT');
       await client.end();`,
    );
    const env = { DATABASE_URL: service.serviceUrl, DRIVER: join(root, 'node_modules', 'pg', 'esm', 'index.mjs') };
    const commands = await nodes();
    for (const command of commands) await mustRun({ command, args: ['append.js'], cwd: bare, env });
    const ids = await appended();
    expect(ids).toHaveLength(commands.length);
    expect(ids).toContain(process.version);
  });

  it.each([
    ['NodeNext', 'NodeNext'],
    ['ESNext', 'Bundler'],
  ])('has types for a strict TypeScript project, module %s', async (module, moduleResolution) => {
    await writeFile(
      join(bare, 'typed.ts'),
      `import { append, type OutboxEvent, throughDrizzle } from 'freshet/outbox';
       declare const client: { query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> };
       const event: OutboxEvent = { event_id: 'e', user_id: 'u', item_id: 'i', type: 'view', occurred_at: new Date() };
       export const done: Promise<void> = append(client, [event], { notify: false });
       // @ts-expect-error: there is no such type of event
       export const wrong: OutboxEvent = { event_id: 'e', user_id: 'u', type: 'viewed' };
       export { throughDrizzle };`,
    );
    const compilerOptions = {
      ...{ module, moduleResolution, target: 'ES2022', lib: ['ES2022'], types: [], noEmit: true },
      ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
    };
    await writeFile(join(bare, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    await mustRun({ command: process.execPath, args: [tsc, '--project', 'tsconfig.json'], cwd: bare });
  });

  it('has the command, which migrates a service’s database', async () => {
    const other = await createServiceDatabase({ installed: false });
    try {
      const freshet = join('node_modules', '.bin', 'freshet');
      const args = [freshet, 'migrate', 'up', '--only', 'outbox', '--url', other.url];
      await mustRun({ command: process.execPath, args, cwd: full });
      expect(await migrateStatus({ url: other.url })).toMatchObject({ set: 'outbox', problems: [] });
    } finally {
      await other.close();
    }
  });

  it('does what the README says, in TypeScript and in SQL', async () => {
    await writeFile(join(full, 'readme.ts'), await snippet('ts', 'ts'));
    await mustRun({
      command: process.execPath,
      args: ['readme.ts'],
      cwd: full,
      env: { DATABASE_URL: service.serviceUrl },
    });
    const client = await service.connect(service.serviceUrl);
    await client.query(await snippet('sql', 'sql'));
    expect(await appended()).toEqual(['order-17-line-1', 'order-18-line-1']);
    const { rows } = await owner.query('SELECT id FROM public.orders ORDER BY id');
    expect(rows).toEqual([{ id: '17' }, { id: '18' }]);
  });
});

/** Largest bundle of the client for a browser, minified, bytes. */
const bundleBytes = 12_000;

describe('the client in the package', () => {
  const page = { status: 200, body: { request_id: 'r-1', items: [], next_cursor: null, state_version: 1 } };

  it('asks and tells from a plain JavaScript project on every Node there is, and needs no other package', async () => {
    const server = await createMockServer();
    await writeFile(
      join(bare, 'client.js'),
      `import { createFreshetClient, FreshetRequestError } from 'freshet/client';
       const client = createFreshetClient({ baseUrl: process.env.FRESHET_URL });
       await client.recommendations('u');
       client.track({ user_id: 'u', item_id: 'i', type: 'view' });
       await client.close();
       const refused = await client.similar('i').catch((error) => error);
       if (!(refused instanceof FreshetRequestError) || refused.status !== 404) throw new Error('not refused');`,
    );
    const commands = await nodes();
    const allWell = { status: 202, body: { events: [{ event_id: 'e', status: 'accepted' }] } };
    for (const command of commands) {
      server.reply(page, allWell, { status: 404, body: { code: 'unknown_item', detail: 'none' } });
      await mustRun({ command, args: ['client.js'], cwd: bare, env: { FRESHET_URL: server.url } });
    }
    expect(server.asked).toHaveLength(3 * commands.length);
    await server.close();
  });

  it('is small in a browser, and needs nothing of Node there', async () => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: "export { createFreshetClient } from 'freshet/client';", resolveDir: bare },
      ...{ bundle: true, minify: true, platform: 'browser', format: 'iife', globalName: 'freshet' },
      ...{ target: 'es2022', write: false, metafile: true },
    });
    const text = outputFiles[0]?.text ?? '';
    const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
    expect(imports.filter(({ external }) => external)).toEqual([]);
    expect(text).not.toMatch(/node:|require\(|process\.|Buffer/);
    expect(Buffer.byteLength(text)).toBeLessThan(bundleBytes);
    expect(Buffer.byteLength(text)).toBeGreaterThan(bundleBytes / 2);
    const server = await createMockServer();
    const context = createContext({ ...browserGlobals, url: server.url });
    server.reply(page);
    const list = runInContext(`${text}; freshet.createFreshetClient({ baseUrl: url }).recommendations('u')`, context);
    expect(await list).toMatchObject({ request_id: 'r-1' });
    await server.close();
  });

  it('does what the README says, which is well typed in a browser and in Node', async () => {
    const server = await createMockServer();
    const items = [{ item_id: 'mug', position: 1, score: 1, sources: ['popular'], reasons: [] }];
    server.reply({ ...page, body: { ...page.body, items } });
    const text = await snippet('client', 'ts');
    expect(text).toContain('http://127.0.0.1:8080');
    await writeFile(join(full, 'readme-client.ts'), text.replace('http://127.0.0.1:8080', server.url));
    await mustRun({ command: process.execPath, args: ['readme-client.ts'], cwd: full });
    expect(server.asked.map(({ path }) => path)).toEqual([
      '/v1/recommendations/u-1?surface=home&limit=10',
      '/log/batch',
    ]);
    expect(server.asked[1]?.body.events).toMatchObject([{ item_id: 'mug', request_id: 'r-1' }]);
    await server.close();
    await writeFile(join(bare, 'readme-client.ts'), text);
    const compilerOptions = {
      ...{ module: 'ESNext', moduleResolution: 'Bundler', target: 'ES2022', lib: ['ES2022', 'DOM'], types: [] },
      ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
    };
    await writeFile(join(bare, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['readme-client.ts'] }));
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    await mustRun({ command: process.execPath, args: [tsc, '--project', 'tsconfig.json'], cwd: bare });
  });
});

describe('the example service', () => {
  let workspace: Workspace;
  let relay: FreshetProcess;
  let records: TopicLog;
  let orders: ServiceDatabase;
  let child: ChildProcess;
  let url: string;

  beforeAll(async () => {
    orders = await createServiceDatabase();
    const tables = await orders.connect(orders.serviceUrl);
    await tables.query(await readFile(join(root, 'ops/examples/order-service/schema.sql'), 'utf8'));
    workspace = await createWorkspace({
      name: 'order-service',
      topics: [topic],
      env: { FRESHET_OUTBOX_URLS: orders.url },
    });
    records = await followTopics(workspace.config, [topic.name]);
    relay = await startProcess({
      config: workspace.config,
      roles: new Set(['relay']),
      log: createLogger('silent'),
      onFatal: (component, error) => {
        throw new Error(component, { cause: error });
      },
    });
    await cp(join(root, 'ops/examples/order-service'), full, { recursive: true });
    const env = { ...process.env, ORDERS_DATABASE_URL: orders.serviceUrl, PORT: '0' };
    child = spawn(process.execPath, ['server.ts'], { cwd: full, env, stdio: ['ignore', 'pipe', 'inherit'] });
    url = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)));
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', (line) =>
        resolve(line.replace('listening on ', '')),
      );
    });
  });

  afterAll(async () => {
    child.kill('SIGKILL');
    await relay.stop();
    await records.close();
    await orders.close();
    await workspace.close();
  });

  const mug = (quantity: number) => ({ itemId: 'mug', quantity, unitPrice: '9.90' });
  const lamp = { itemId: 'lamp', quantity: 1, unitPrice: '49.00' };
  const place = async (orderId: string, lines: readonly object[], userId = 'u-1') => {
    const body = JSON.stringify({ orderId, userId, currency: 'EUR', lines });
    const response = await fetch(`${url}/orders`, { method: 'POST', body });
    return { status: response.status, body: await response.json() };
  };
  const placed = async () => {
    const client = await orders.connect(orders.serviceUrl);
    return (await client.query('SELECT order_id FROM orders ORDER BY 1')).rows.map(({ order_id: id }) => id);
  };
  const idOf = (record: { value: string | null }) => JSON.parse(record.value ?? '{}').event_id;

  it('publishes the events of an order, and of one that cannot be filled neither order nor events', async () => {
    expect(await place('17', [mug(2), lamp])).toEqual({ status: 201, body: { order_id: '17' } });
    expect(await place('18', [lamp, mug(2)])).toEqual({ status: 409, body: { error: 'there is not enough of mug' } });
    const refused = await place('a b', [lamp]);
    expect(refused).toMatchObject({ status: 400, body: { error: expect.stringContaining('$[0].event_id must be') } });
    // Comes after those that were undone, in the same outbox and under the same key.
    expect(await place('19', [lamp])).toMatchObject({ status: 201 });
    await eventually(() => expect(records.entries.map(idOf)).toContain('order-19-line-1'), { withinMs: 15_000 });
    expect(records.entries.map(idOf)).toEqual(['order-17-line-1', 'order-17-line-2', 'order-19-line-1']);
    expect(records.entries.every(({ key }) => key === 'default|u-1')).toBe(true);
    const event = JSON.parse(records.entries[0]?.value ?? '');
    expect(event).toMatchObject({ type: 'purchase', item_id: 'mug', value: 2 });
    expect(event.commerce).toEqual({ order_id: '17', unit_price: '9.90', currency: 'EUR' });
    expect(
      parseInteraction(event, '$', { receivedAt: Date.now(), settingsOf: () => defaultSettings, trace: null }).ok,
    ).toBe(true);
    expect(await placed()).toEqual(['17', '19']);
  });
});
