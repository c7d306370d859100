import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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

const files = async () => (await readdir(join(root, 'migrations'))).filter((file) => file.endsWith('.sql')).sort();

const nextFile = async (name: string) => `${String((await files()).length + 1).padStart(4, '0')}_${name}.sql`;

/** Everything in the schema but the time and order of its making. */
async function schemaOf(url: string): Promise<unknown> {
  const db = openDatabase({ url, onIdleError: () => undefined });
  try {
    return await db.query({
      text: `
        SELECT 'column' AS kind, c.relname || '.' || a.attname || ' #' || a.attnum AS name,
               concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                 pg_get_expr(d.adbin, d.adrelid), a.attacl) AS what
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         WHERE c.relnamespace = 'freshet'::regnamespace AND c.relkind IN ('r', 'p')
        UNION ALL
        SELECT 'relation', c.relname, concat_ws(' ', c.relkind, c.reloptions, c.relacl, pg_get_expr(c.relpartbound, c.oid))
          FROM pg_class c WHERE c.relnamespace = 'freshet'::regnamespace
        UNION ALL
        SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'freshet'
        UNION ALL
        SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = 'freshet'::regnamespace
        UNION ALL
        SELECT 'function', oid::regprocedure::text, pg_get_functiondef(oid) || proacl::text
          FROM pg_proc WHERE pronamespace = 'freshet'::regnamespace
         ORDER BY 1, 2`,
    });
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

  it('installs the outbox alone: every migration named after it, also those that come later', async () => {
    const url = await emptyDatabase();
    await writeFile(join(root, 'migrations', await nextFile('other')), 'CREATE TABLE other (a int);');
    await writeFile(join(root, 'migrations', await nextFile('outbox_later')), 'CREATE TABLE outbox_later (a int);');
    const { applied } = await migrateUp({ url, root, log, only: 'outbox' });
    expect(applied).toEqual((await files()).filter((file) => /^\d{4}_outbox/.test(file)));
    expect(applied.at(-1)).toContain('outbox_later');
    expect(await tables(url)).toContain('outbox_cursor');
    expect(await tables(url)).not.toContain('user_profile');
    expect((await migrateUp({ url, root, log, only: 'outbox' })).applied).toEqual([]);
    const { set, migrations, problems } = await migrateStatus({ url, root });
    expect({ set, problems }).toEqual({ set: 'outbox', problems: [] });
    expect(new Set(migrations.map(({ state }) => state))).toEqual(new Set(['applied', 'outside']));
  });

  it('brings a database that had the outbox alone to exactly what a full one is', async () => {
    const [grown, full] = await Promise.all([emptyDatabase(), emptyDatabase()]);
    await migrateUp({ url: grown, root, log, only: 'outbox' });
    await Promise.all([migrateUp({ url: grown, root, log }), migrateUp({ url: full, root, log })]);
    expect(await migrateStatus({ url: grown, root })).toMatchObject({ set: 'all', problems: [] });
    expect(await schemaOf(grown)).toEqual(await schemaOf(full));
  });

  it('refuses to bring the outbox alone ahead of the rest of a full database', async () => {
    const url = await emptyDatabase();
    await migrateUp({ url, root, log });
    await writeFile(join(root, 'migrations', await nextFile('outbox_later')), 'CREATE TABLE outbox_later (a int);');
    await expect(migrateUp({ url, root, log, only: 'outbox' })).rejects.toThrow('migrate up without --only');
    expect(await tables(url)).not.toContain('outbox_later');
  });

  it('finds a migration that was applied before one it needs', async () => {
    const url = await emptyDatabase();
    await migrateUp({ url, root, log });
    const db = openDatabase({ url, onIdleError: () => undefined });
    await db.query({ text: 'DELETE FROM migration WHERE number = 4' });
    await db.close();
    expect((await migrateStatus({ url, root })).problems).toContain(
      '0005_dead_letter: applied although 0004_state.sql is missing',
    );
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
    await writeFile(join(root, 'migrations', '9009_later.sql'), 'SELECT 1;');
    await writeFile(join(root, 'migrations', 'notes.sql'), 'SELECT 1;');
    const { problems } = await migrateCheck({ root });
    expect(problems).toContain('0003_catalog.sql: was edited after it landed; write a new migration instead');
    expect(problems).toContain('0005_dead_letter.sql: has landed but the file is gone');
    expect(problems).toContain('9009_later.sql: is not in checksums.json; run freshet migrate record');
    expect(problems).toContain('notes.sql: is not named NNNN_name.sql');
    expect(problems.some((problem) => /^9009_later\.sql: expected number/.test(problem))).toBe(true);
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
