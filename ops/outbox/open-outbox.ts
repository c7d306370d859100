import { configSpec } from '../../pipeline/kernel/config.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { type Database, openDatabase } from '../../pipeline/stores/postgres/database.ts';
import { serverOf } from '../cli/connection.ts';

export interface Outbox {
  readonly url: string;
  /** Host and database, without credentials. */
  readonly location: string;
  readonly database: Database;
}

/**
 * Opens the outbox at `given`, else the installation's own. Throws FreshetError `outbox_missing` where the database has
 * no outbox, or an older one.
 */
export async function withOutbox<T>(given: string | undefined, work: (outbox: Outbox) => Promise<T>): Promise<T> {
  const { schema, example } = configSpec.FRESHET_POSTGRES_URL;
  if (given !== undefined && !(schema.safeParse(given).success && URL.canParse(given)))
    throw new FreshetError('argument_invalid', `--outbox: this is no Postgres connection URL (for example ${example})`);
  const url = serverOf('postgresUrl', given);
  const { host, pathname } = new URL(url);
  const location = `${host}${pathname}`;
  const database = openDatabase({ url, maxConnections: 3, onIdleError: () => undefined });
  try {
    await mustHaveOutbox(database, location);
    return await work({ url, location, database });
  } finally {
    await database.close();
  }
}

async function mustHaveOutbox(database: Database, location: string): Promise<void> {
  const [found] = await database.query<{ outbox: boolean; current: boolean }>({
    text: `SELECT to_regclass('freshet.outbox') IS NOT NULL AS outbox,
                  to_regclass('freshet.operator_audit') IS NOT NULL AS current`,
  });
  if (found?.outbox && found.current) return;
  const what = found?.outbox ? 'the outbox is of an older version' : 'there is no outbox';
  throw new FreshetError(
    'outbox_missing',
    `${location}: ${what}; run \`npx freshet migrate up --url …\`, in a service's own database with --only outbox`,
  );
}

/** As the relays of this environment have it. */
export function retentionMs(env: Readonly<Record<string, string | undefined>> = process.env): number {
  const { schema } = configSpec.FRESHET_OUTBOX_RETENTION_HOURS;
  const parsed = schema.safeParse(env.FRESHET_OUTBOX_RETENTION_HOURS);
  if (parsed.success) return parsed.data * 3_600_000;
  throw new FreshetError('config_invalid', 'FRESHET_OUTBOX_RETENTION_HOURS must be a number of hours from 0 to 8760');
}
