import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { migrateUp } from '../../ops/migrate/migrate.ts';
import { databaseUrl, withAdmin } from '../../ops/stack/areas.ts';
import { checkoutRoot } from '../../ops/stack/paths.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';

const templateLock = 7_355_002;

/** A name that changes with any migration. */
function templateName(): string {
  const folder = join(checkoutRoot(), 'migrations');
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort())
    if (file.endsWith('.sql')) hash.update(file).update(readFileSync(join(folder, file)));
  return `freshet_template_${hash.digest('hex').slice(0, 12)}`;
}

async function isComplete(client: pg.Client, name: string): Promise<boolean> {
  const { rows } = await client.query('SELECT FROM pg_database WHERE datname = $1 AND datistemplate', [name]);
  return rows.length > 0;
}

/** Migrates the template once for all runs and workers; one that was interrupted is not marked and made anew. */
async function ensureTemplate(client: pg.Client, postgresUrl: string): Promise<string> {
  const name = templateName();
  if (await isComplete(client, name)) return name;
  await client.query('SELECT pg_advisory_lock($1)', [templateLock]);
  try {
    if (await isComplete(client, name)) return name;
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${name}`);
    await migrateUp({ url: databaseUrl(postgresUrl, name), log: createLogger('warn') });
    await client.query(`ALTER DATABASE ${name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`);
    return name;
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [templateLock]);
  }
}

export interface TestDatabaseOptions {
  /** Any database of the server. */
  readonly postgresUrl: string;
  readonly name: string;
  /** False for an empty database without the product's tables. */
  readonly migrated: boolean;
}

/** Creates a database and returns its URL. */
export function createTestDatabase({ postgresUrl, name, migrated }: TestDatabaseOptions): Promise<string> {
  return withAdmin(postgresUrl, async (client) => {
    const template = migrated ? ` TEMPLATE ${await ensureTemplate(client, postgresUrl)}` : '';
    await client.query(`CREATE DATABASE "${name}"${template}`);
    return databaseUrl(postgresUrl, name);
  });
}

/** Drops it, whoever is still connected. */
export async function dropTestDatabase(postgresUrl: string, name: string): Promise<void> {
  await withAdmin(postgresUrl, (client) => client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`));
}
