import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { migrateUp } from '../../migrate/migrate.ts';
import { applySchemas } from '../../schemas/apply.ts';
import { databaseUrl, withAdmin } from '../../stack/areas.ts';
import { checkoutRoot } from '../../stack/paths.ts';
import { type ServerUrls, stackEnvironment } from '../../stack/urls.ts';
import { type ProductProcess, startProduct } from '../harness/product-process.ts';
import { benchNamespace, eventIdOf, itemCount, itemIdOf } from './events.ts';

/** What is measured: `freshet run --roles ingest` in a process and on a database of its own. */
export interface Target {
  readonly pid: number;
  readonly url: string;
  /** Compares the outbox with what was accepted in a run, by event id; FreshetError `bench_failed` on any difference. */
  verify(run: number, events: number): Promise<void>;
  /** Ends the process and drops the database. */
  close(): Promise<void>;
}

/** Items that the catalogue knows, so that recent events take the way they take in a shop. */
async function insertItems(client: pg.Client): Promise<void> {
  const ids = Array.from({ length: itemCount }, (_, item) => itemIdOf(item));
  await client.query(
    `INSERT INTO freshet.item (namespace, item_id, number, revision, available, hidden, body)
     SELECT $1, id, ord, 1, true, false, '{}' FROM unnest($2::text[]) WITH ORDINALITY AS i (id, ord)`,
    [benchNamespace, ids],
  );
}

async function untilReady({ url }: ProductProcess): Promise<void> {
  for (let tries = 0; !(await fetch(`${url}/readyz`)).ok; tries += 1) {
    if (tries > 1_000) throw new FreshetError('bench_failed', 'ingest is not ready');
    await new Promise((go) => setTimeout(go, 20));
  }
}

async function verifyRun(client: pg.Client, run: number, events: number): Promise<void> {
  const { rows } = await client.query<{ event_id: string }>(
    'SELECT event_id FROM freshet.outbox WHERE starts_with(event_id, $1)',
    [eventIdOf(run, 0).slice(0, 13)],
  );
  const stored = new Set(rows.map(({ event_id: id }) => id));
  const missing = Array.from({ length: events }, (_, i) => eventIdOf(run, i)).filter((id) => !stored.has(id)).length;
  if (missing === 0 && rows.length === events) return;
  const found = `${rows.length} rows, ${stored.size} event ids, ${missing} of the ${events} accepted ones missing`;
  throw new FreshetError('bench_failed', `the outbox does not hold what was accepted: ${found}`);
}

/** `nodeOptions` go before the script, such as `--cpu-prof`. */
export async function startTarget(urls: ServerUrls, nodeOptions: readonly string[]): Promise<Target> {
  const name = `freshet_bench_${randomBytes(4).toString('hex')}`;
  const postgresUrl = databaseUrl(urls.postgresUrl, name);
  await withAdmin(urls.postgresUrl, (admin) => admin.query(`CREATE DATABASE ${name}`));
  const drop = () => withAdmin(urls.postgresUrl, (admin) => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
  const client = new pg.Client({ connectionString: postgresUrl });
  let product: ProductProcess | undefined;
  const close = async () => {
    await client.end();
    await product?.stop();
    await drop();
  };
  try {
    await migrateUp({ url: postgresUrl, log: createLogger('warn') });
    await applySchemas({ registryUrl: urls.registryUrl, root: checkoutRoot(), log: createLogger('fatal') });
    await client.connect();
    await insertItems(client);
    const env = { ...stackEnvironment({ ...urls, postgresUrl }), FRESHET_HTTP_PORT: '0' };
    product = await startProduct({ roles: 'ingest', env, nodeOptions });
    await untilReady(product);
    const { pid, url } = product;
    return { pid, url, verify: (run, events) => verifyRun(client, run, events), close };
  } catch (error) {
    await close();
    throw error;
  }
}
