import pg from 'pg';
import { connectionConfig, translate } from '../../pipeline/stores/postgres/database.ts';
import type { Migration } from './migration-files.ts';

/** A row of `freshet.migration`. */
export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
  readonly appliedAt: string;
}

/** Opens a connection for the length of `work`; driver errors are translated. */
export async function withConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connectionConfig(url));
  client.on('error', () => undefined); // the query in flight rejects with the same error
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw translate(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What the database says was applied, in order; undefined where it was never migrated. */
export async function readApplied(client: pg.Client): Promise<readonly AppliedMigration[] | undefined> {
  const exists = await client.query<{ found: boolean }>("SELECT to_regclass('freshet.migration') IS NOT NULL AS found");
  if (!exists.rows[0]?.found) return undefined;
  const rows = await client.query<AppliedMigration>(
    'SELECT number, name, checksum, applied_at::text AS "appliedAt" FROM freshet.migration ORDER BY number',
  );
  return rows.rows;
}

/** What a database holds: `outbox` alone, as a service's own does, or everything. */
export type MigrationSet = 'all' | 'outbox';

/** The set of a database; undefined where nothing was applied. What a full `up` left half done may look like the outbox. */
export function setOf(
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
): MigrationSet | undefined {
  if (applied.length === 0) return undefined;
  const outbox = new Set(migrations.filter(({ isOutbox }) => isOutbox).map(({ number }) => number));
  return applied.every(({ number }) => outbox.has(number)) ? 'outbox' : 'all';
}

/**
 * Where the database differs from the files: edited, unknown or out of order. Pending ones are no problem. An outbox
 * migration needs the outbox migrations before it and no others, so that the rest can be added to a service's database.
 */
export function compareApplied(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly string[] {
  const present = new Set(applied.map(({ number }) => number));
  return applied.flatMap((row) => {
    const label = `${String(row.number).padStart(4, '0')}_${row.name}`;
    const file = migrations.find(({ number }) => number === row.number);
    const missing = migrations.find(
      ({ number, isOutbox }) => number < row.number && !present.has(number) && (isOutbox || !file?.isOutbox),
    );
    const problems = missing ? [`${label}: applied although ${missing.file} is missing`] : [];
    if (!file) problems.push(`${label}: applied but unknown here; this program is older than the database`);
    else if (file.name !== row.name) problems.push(`${label}: applied under this name, the file is ${file.file}`);
    else if (file.checksum !== row.checksum) problems.push(`${label}: the file was edited after it was applied`);
    return problems;
  });
}
