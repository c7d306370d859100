import type pg from 'pg';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Logger } from '../../pipeline/kernel/logger.ts';
import { advisoryLocks } from '../../pipeline/stores/postgres/advisory-locks.ts';
import {
  type AppliedMigration,
  compareApplied,
  type MigrationSet,
  readApplied,
  setOf,
  withConnection,
} from './applied.ts';
import { compareChecksums, type Migration, readChecksums, readMigrations, repositoryRoot } from './migration-files.ts';

export interface MigrateUpOptions {
  readonly url: string;
  /** `outbox` installs the outbox tables alone, into a service's own database. */
  readonly only?: 'outbox';
  readonly log: Logger;
  readonly root?: string;
}

export interface MigrateUpResult {
  /** File names applied by this call, in order. */
  readonly applied: readonly string[];
  readonly alreadyApplied: number;
  readonly durationMs: number;
}

export interface MigrationStatus {
  readonly file: string;
  /** `outside`: no part of the set that this database holds. */
  readonly state: 'applied' | 'pending' | 'edited' | 'outside';
  readonly appliedAt: string | null;
}

const bootstrap = `
  CREATE SCHEMA IF NOT EXISTS freshet;
  CREATE TABLE IF NOT EXISTS freshet.migration (
    number     integer PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`;

/** Runs `work` in a transaction that no other `migrate up` of this database shares. */
async function locked<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    await client.query(`SELECT pg_advisory_xact_lock(${advisoryLocks.migration})`);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Applies one migration unless another `up` has done so meanwhile; says whether it did. */
async function applyOne(client: pg.Client, migration: Migration): Promise<boolean> {
  return locked(client, async () => {
    const found = await client.query('SELECT FROM freshet.migration WHERE number = $1', [migration.number]);
    if (found.rowCount) return false;
    await client.query(migration.sql);
    await client.query('INSERT INTO freshet.migration (number, name, checksum) VALUES ($1, $2, $3)', [
      migration.number,
      migration.name,
      migration.checksum,
    ]);
    return true;
  });
}

async function usableMigrations(root: string): Promise<readonly Migration[]> {
  const { migrations, problems } = await readMigrations(root);
  if (problems.length > 0) throw new FreshetError('migrations_invalid', problems.join('; '));
  return migrations;
}

/** With `only` in a database that has everything, migrations would get out of their order. */
function wantedOf(
  migrations: readonly Migration[],
  before: readonly AppliedMigration[],
  only: 'outbox' | undefined,
): readonly Migration[] {
  if (only === undefined) return migrations;
  if (setOf(before, migrations) !== 'all') return migrations.filter(({ isOutbox }) => isOutbox);
  throw new FreshetError(
    'migrations_all',
    'this database holds all of Freshet, not the outbox alone: run freshet migrate up without --only',
  );
}

/**
 * Applies what is pending, each migration in its own transaction. Safe to run twice at once. Without `only` a
 * database that holds the outbox alone is given the rest.
 * Throws FreshetError `migrations_invalid` where the database holds others than these files, `migrations_all` where
 * the outbox alone was asked for and there is more.
 */
export async function migrateUp(options: MigrateUpOptions): Promise<MigrateUpResult> {
  const startedAt = performance.now();
  const migrations = await usableMigrations(options.root ?? repositoryRoot);
  return withConnection(options.url, async (client) => {
    await locked(client, () => client.query(bootstrap));
    const before = (await readApplied(client)) ?? [];
    const problems = compareApplied(migrations, before);
    if (problems.length > 0) throw new FreshetError('migrations_invalid', problems.join('; '));
    const present = new Set(before.map(({ number }) => number));
    const wanted = wantedOf(migrations, before, options.only);
    const applied: string[] = [];
    for (const migration of wanted.filter(({ number }) => !present.has(number))) {
      if (!(await applyOne(client, migration))) continue;
      applied.push(migration.file);
      options.log.info({ migration: migration.file }, 'migration applied');
    }
    return { applied, alreadyApplied: before.length, durationMs: Math.round(performance.now() - startedAt) };
  });
}

/** Each migration and whether this database has it. */
export async function migrateStatus(options: { readonly url: string; readonly root?: string }): Promise<{
  readonly set: MigrationSet | null;
  readonly migrations: readonly MigrationStatus[];
  readonly problems: readonly string[];
}> {
  const migrations = await usableMigrations(options.root ?? repositoryRoot);
  const applied = (await withConnection(options.url, readApplied)) ?? [];
  const set = setOf(applied, migrations) ?? null;
  const statusOf = (migration: Migration): MigrationStatus => {
    const row: AppliedMigration | undefined = applied.find(({ number }) => number === migration.number);
    const missing = set === 'outbox' && !migration.isOutbox ? 'outside' : 'pending';
    if (!row) return { file: migration.file, state: missing, appliedAt: null };
    const state = row.checksum === migration.checksum ? 'applied' : 'edited';
    return { file: migration.file, state, appliedAt: row.appliedAt };
  };
  return { set, migrations: migrations.map(statusOf), problems: compareApplied(migrations, applied) };
}

/** Names, numbers and checksums of the files; with a URL also what that database has applied. */
export async function migrateCheck(options: { readonly root?: string; readonly url?: string }): Promise<{
  readonly files: number;
  readonly applied: number | null;
  readonly set: MigrationSet | null;
  readonly problems: readonly string[];
}> {
  const root = options.root ?? repositoryRoot;
  const { migrations, problems } = await readMigrations(root);
  const files = migrations.length;
  const all = [...problems, ...compareChecksums(migrations, await readChecksums(root))];
  if (options.url === undefined) return { files, applied: null, set: null, problems: all };
  const applied = await withConnection(options.url, readApplied);
  if (applied === undefined) all.push('the database was never migrated; run freshet migrate up');
  else all.push(...compareApplied(migrations, applied));
  const set = setOf(applied ?? [], migrations) ?? null;
  return { files, applied: applied?.length ?? 0, set, problems: all };
}
