import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrateUp } from '../../../ops/migrate/migrate.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { createOwnPostgres, type OwnPostgres } from '../../support/own-postgres.ts';

/** A cluster of its own: any open transaction of another test would keep dead rows here. */
let postgres: OwnPostgres;
let database: Database;

beforeAll(async () => {
  postgres = await createOwnPostgres();
  await migrateUp({ url: postgres.url, log: createLogger('silent') });
  database = openDatabase({ url: postgres.url, maxConnections: 2, onIdleError: () => undefined });
});
afterAll(async () => {
  await database?.close();
  await postgres?.close();
});

const sql = <Row extends object = Record<string, unknown>>(text: string) => database.query<Row>({ text });
const pages = async (table: string) =>
  (await sql<{ n: number }>(`SELECT (pg_relation_size('${table}') / 8192)::int AS n`))[0]?.n;

const updates = [
  ['outbox_cursor', `UPDATE outbox_cursor SET last_seq = last_seq + 1, updated_at = clock_timestamp()`],
  ['relay_lease', `UPDATE relay_lease SET expires_at = clock_timestamp() + interval '2 s'`],
] as const;

it.each(updates)('%s stays small though it is rewritten all the time, and without a vacuum', async (table, update) => {
  await sql(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
  for (let n = 0; n < 3_000; n += 1) await sql(update);
  expect(await pages(table)).toBeLessThan(20);
});

it.each(updates)('%s grows beside an old transaction, and no more after it has ended', async (table, update) => {
  await database.transaction(async (tx) => {
    await tx.query({ text: 'SELECT pg_current_xact_id()' });
    for (let n = 0; n < 300; n += 1) await sql(update);
  });
  const grown = (await pages(table)) ?? 0;
  await sql(`VACUUM ${table}`); // what autovacuum does once 200 rows are dead
  for (let n = 0; n < 2_000; n += 1) await sql(update);
  expect(await pages(table)).toBeLessThan(grown + 20);
  const [options] = await sql<{ of: string[] }>(`SELECT reloptions AS of FROM pg_class WHERE relname = '${table}'`);
  expect(options?.of).toEqual(
    expect.arrayContaining(['autovacuum_vacuum_scale_factor=0', 'autovacuum_vacuum_threshold=200', 'fillfactor=10']),
  );
});
