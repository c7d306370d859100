import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { migrateUp } from '../../ops/migrate/migrate.ts';
import { withAdmin } from '../../ops/stack/areas.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createTestDatabase, dropTestDatabase } from './test-database.ts';

/** A service's own database with the outbox alone, and a role that has what the README grants, no more. */
export interface ServiceDatabase {
  /** As its owner. */
  readonly url: string;
  /** As the service. */
  readonly serviceUrl: string;
  readonly role: string;
  /** A connection that the test closes itself, or that is cut at the end. */
  connect(url?: string): Promise<pg.Client>;
  close(): Promise<void>;
}

const grants = (role: string) => `
  GRANT USAGE ON SCHEMA freshet TO ${role};
  GRANT EXECUTE ON FUNCTION freshet.append_event(jsonb, boolean, text), freshet.append_events(jsonb, boolean, text) TO ${role};
  GRANT CREATE ON SCHEMA public TO ${role}`;

export async function createServiceDatabase(options: { readonly installed?: boolean } = {}): Promise<ServiceDatabase> {
  const { postgresUrl } = inject('stack');
  const unique = `${inject('runId')}_${randomBytes(3).toString('hex')}`.replaceAll('-', '_');
  const name = `freshet_test_${unique}_service`;
  const role = `freshet_test_${unique}`;
  const url = await createTestDatabase({ postgresUrl, name, migrated: false });
  const open: pg.Client[] = [];
  const connect = async (to = url) => {
    const client = new pg.Client(to);
    client.on('error', () => undefined); // dropping the database cuts it
    await client.connect();
    open.push(client);
    return client;
  };
  const owner = await connect();
  await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  if (options.installed !== false) {
    await migrateUp({ url, only: 'outbox', log: createLogger('silent') });
    await owner.query(grants(role));
  }
  const serviceUrl = new URL(url);
  serviceUrl.username = role;
  serviceUrl.password = 'secret';
  return {
    url,
    serviceUrl: serviceUrl.href,
    role,
    connect,
    async close() {
      await Promise.all(open.map((client) => client.end().catch(() => undefined)));
      await dropTestDatabase(postgresUrl, name);
      await withAdmin(postgresUrl, (client) => client.query(`DROP ROLE ${role}`));
    },
  };
}
