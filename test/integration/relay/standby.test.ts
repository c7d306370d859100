import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrateUp } from '../../../ops/migrate/migrate.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import { createLeaseSessions } from '../../../pipeline/stores/postgres/relay-leases.ts';
import { createOutboxSessions } from '../../../pipeline/stores/postgres/relay-session.ts';
import { eventually } from '../../support/eventually.ts';
import { createOwnPostgres, type OwnPostgres } from '../../support/own-postgres.ts';

let primary: OwnPostgres;
let standby: OwnPostgres;
let database: Database;
let replica: Database;
const ignore = () => undefined;

beforeAll(async () => {
  primary = await createOwnPostgres();
  await migrateUp({ url: primary.url, log: createLogger('silent') });
  standby = await primary.createStandby();
  database = openDatabase({ url: primary.url, onIdleError: ignore });
  replica = openDatabase({ url: standby.url, onIdleError: ignore });
});

afterAll(async () => {
  await Promise.all([database?.close(), replica?.close()]);
  await standby?.close();
  await primary?.close();
});

it('a relay refuses a standby that streams from its primary, where open transactions look finished', async () => {
  await database.transaction(async (tx) => {
    const row = { topic: 't', key: Buffer.from('k'), eventId: 'open', payload: null, occurredAt: 1 };
    await appendOutbox(tx, [row]);
    const [open] = await tx.query<{ xid: string }>({ text: 'SELECT pg_current_xact_id()::text AS xid' });
    await database.query({ text: 'SELECT pg_current_xact_id()' }); // a later one ends, so that the open one is in xip
    const [there] = await database.query<{ seen: boolean }>(seen(open?.xid));
    expect(there).toEqual({ seen: false });
    await eventually(async () => expect(await replica.query(seen(open?.xid))).toEqual([{ seen: true }]));
  });
  const opening = createOutboxSessions(standby.url).open({ onSignal: ignore, onBroken: ignore });
  await expect(opening).rejects.toMatchObject({ name: 'TransientError', code: 'postgres_standby' });
  const leases = createLeaseSessions(standby.url).open('relay', 2_000, { onFreed: ignore, onBroken: ignore });
  await expect(leases).rejects.toMatchObject({ code: 'postgres_standby' });
  const session = await createOutboxSessions(primary.url).open({ onSignal: ignore, onBroken: ignore });
  await session.close();
});

const seen = (xid: string | undefined) => ({
  text: `SELECT pg_visible_in_snapshot('${xid}'::xid8, pg_current_snapshot()) AS seen`,
});
