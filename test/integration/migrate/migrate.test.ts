import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrateCheck, migrateStatus, migrateUp } from '../../../ops/migrate/migrate.ts';
import { repositoryRoot } from '../../../ops/migrate/migration-files.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

const log = createLogger('silent');
const workspaces: Workspace[] = [];
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'freshet-migrate-'));
  await cp(join(repositoryRoot, 'migrations'), join(root, 'migrations'), { recursive: true });
});

afterEach(() => rm(root, { recursive: true }));
afterAll(() => Promise.all(workspaces.map((workspace) => workspace.close())));

async function emptyDatabase(): Promise<string> {
  const workspace = await createWorkspace({ name: 'migrate', migrated: false });
  workspaces.push(workspace);
  return workspace.config.FRESHET_POSTGRES_URL;
}

async function tables(url: string): Promise<string[]> {
  const db = openDatabase({ url, onIdleError: () => undefined });
  try {
    const rows = await db.query<{ tablename: string }>({
      text: "SELECT tablename FROM pg_tables WHERE schemaname = 'freshet' ORDER BY 1",
    });
    return rows.map(({ tablename }) => tablename);
  } finally {
    await db.close();
  }
}

const edit = async (file: string, text: string) => {
  const path = join(root, 'migrations', file);
  await writeFile(path, `${await readFile(path, 'utf8')}${text}`);
};

describe('migrate up', () => {
  it('applies each migration once, also when two run at once', async () => {
    const url = await emptyDatabase();
    const results = await Promise.all([migrateUp({ url, root, log }), migrateUp({ url, root, log })]);
    const { migrations, problems } = await migrateStatus({ url, root });
    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(migrations.map(({ file }) => file));
    expect(migrations.every(({ state, appliedAt }) => state === 'applied' && appliedAt !== null)).toBe(true);
    expect(problems).toEqual([]);
    expect((await migrateUp({ url, root, log })).applied).toEqual([]);
  });

  it('installs the outbox alone, and the rest later', async () => {
    const url = await emptyDatabase();
    expect((await migrateUp({ url, root, log, only: 'outbox' })).applied).toEqual(['0001_outbox.sql']);
    expect(await tables(url)).toContain('outbox_cursor');
    expect(await tables(url)).not.toContain('user_profile');
    expect((await migrateUp({ url, root, log, only: 'outbox' })).applied).toEqual([]);
    await migrateUp({ url, root, log });
    expect(await tables(url)).toContain('user_profile');
  });

  it('leaves nothing of a migration that fails, and goes on when it is mended', async () => {
    const url = await emptyDatabase();
    await migrateUp({ url, root, log });
    const { migrations } = await migrateStatus({ url, root });
    const file = `${String(migrations.length + 1).padStart(4, '0')}_broken.sql`;
    await writeFile(join(root, 'migrations', file), 'CREATE TABLE half (a int); SELECT broken;');
    await expect(migrateUp({ url, root, log })).rejects.toThrow('broken');
    expect(await tables(url)).not.toContain('half');
    await writeFile(join(root, 'migrations', file), 'CREATE TABLE half (a int);');
    expect((await migrateUp({ url, root, log })).applied).toEqual([file]);
  });

  it('refuses a database that holds an edited or an unknown migration', async () => {
    const url = await emptyDatabase();
    await migrateUp({ url, root, log });
    await edit('0002_ingest.sql', '-- edited\n');
    await expect(migrateUp({ url, root, log })).rejects.toThrow('0002_ingest: the file was edited');
    expect((await migrateStatus({ url, root })).migrations[1]).toMatchObject({ state: 'edited' });
    await cp(join(repositoryRoot, 'migrations'), join(root, 'migrations'), { recursive: true });
    const { migrations } = await migrateStatus({ url, root });
    const last = migrations.at(-1)?.file as string;
    await rm(join(root, 'migrations', last));
    await expect(migrateUp({ url, root, log })).rejects.toThrow('applied but unknown here');
  });
});

describe('migrate check', () => {
  it('passes with the files of this repository', async () => {
    expect((await migrateCheck({})).problems).toEqual([]);
  });

  it('needs no database to find an edited, a removed, a new or a misnamed file', async () => {
    await edit('0003_catalog.sql', '-- edited\n');
    await rm(join(root, 'migrations', '0005_dead_letter.sql'));
    await writeFile(join(root, 'migrations', '0009_later.sql'), 'SELECT 1;');
    await writeFile(join(root, 'migrations', 'notes.sql'), 'SELECT 1;');
    const { problems } = await migrateCheck({ root });
    expect(problems).toContain('0003_catalog.sql: was edited after it landed; write a new migration instead');
    expect(problems).toContain('0005_dead_letter.sql: has landed but the file is gone');
    expect(problems).toContain('0009_later.sql: is not in checksums.json; run freshet migrate record');
    expect(problems).toContain('notes.sql: is not named NNNN_name.sql');
    expect(problems.some((problem) => /^0009_later\.sql: expected number/.test(problem))).toBe(true);
  });

  it('with a database also says what was never applied there', async () => {
    const url = await emptyDatabase();
    expect((await migrateCheck({ root, url })).problems).toEqual([
      'the database was never migrated; run freshet migrate up',
    ]);
    await migrateUp({ url, root, log });
    expect((await migrateCheck({ root, url })).problems).toEqual([]);
  });
});

describe('freshet migrate', () => {
  const freshet = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(repositoryRoot, 'ops/cli/freshet.js'), 'migrate', ...args]);

  it('writes one document to stdout, and its log to stderr', async () => {
    const url = await emptyDatabase();
    const { stdout, stderr } = await freshet('up', '--url', url, '--json');
    const { migrations } = await migrateStatus({ url });
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'migrate up',
      runs: migrations.map(({ file }) => ({ file })),
      summary: { applied: migrations.length, alreadyApplied: 0 },
    });
    expect(stderr).toContain('migration applied');
    expect(stdout).not.toContain('migration applied');
  });

  it('fails a check that finds something', async () => {
    const url = await emptyDatabase();
    await expect(freshet('check', '--url', url)).rejects.toMatchObject({ code: 1 });
    await freshet('check');
  });
});
