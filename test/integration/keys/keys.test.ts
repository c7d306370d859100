import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey, type KeyRights, type MadeKey, revokeKey, rotateKey } from '../../../ops/keys/keys.ts';
import { keyLines } from '../../../ops/keys/lines.ts';
import { hashSecret, parseApiKey } from '../../../pipeline/kernel/api-key-text.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import type { Running } from '../../../pipeline/kernel/component.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { listApiKeys } from '../../../pipeline/stores/postgres/api-key-rows.ts';
import { createApiKeys } from '../../../pipeline/stores/postgres/api-keys.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { type CuttableLink, createCuttableLink } from '../../support/cuttable-link.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let database: Database;
let link: CuttableLink;
/** What a process uses: the same database, over a link that a test can spoil. */
let linked: Database;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'keys' });
  const direct = new URL(workspace.config.FRESHET_POSTGRES_URL);
  link = await createCuttableLink({ host: direct.hostname, port: Number(direct.port) });
  database = openDatabase({ url: direct.href, onIdleError: () => undefined });
  direct.port = String(link.port);
  linked = openDatabase({ url: direct.href, maxConnections: 1, queryTimeoutMs: 500, onIdleError: () => undefined });
});
afterAll(async () => {
  link.mend();
  await linked.close();
  await database.close();
  await link.close();
  await workspace.close();
});
beforeEach(async () => {
  link.mend();
  await database.query({ text: 'TRUNCATE api_key, operator_audit' });
});

const actor = { operator: 'ann', reason: 'tests' };
const rights = (over: Partial<KeyRights> = {}): KeyRights => ({
  name: 'web',
  scopes: ['ingest', 'read'],
  namespaces: ['shop'],
  maxRequestsPerSecond: 5,
  expiresInMs: null,
  ...over,
});
const secretOf = ({ text }: MadeKey): string => parseApiKey(text)?.secret ?? '';

async function held(): Promise<ReturnType<typeof createApiKeys>['keys'] & Running> {
  const { keys, component } = createApiKeys({ db: linked, clock: systemClock, log: createLogger('silent') });
  return { ...keys, ...(await component.start(() => undefined)) };
}

describe('a new key', () => {
  it('is stored as a hash, with its rights, and written to the audit without secret or hash', async () => {
    const made = await createKey(database, actor, rights({ expiresInMs: 60_000 }));
    const [stored] = await listApiKeys(database);
    expect(stored).toMatchObject({ id: parseApiKey(made.text)?.id, name: 'web', maxRequestsPerSecond: 5 });
    expect(stored?.sha256.equals(hashSecret(secretOf(made)))).toBe(true);
    expect((stored?.expiresAt ?? 0) - (stored?.createdAt ?? 0)).toBe(60_000);
    const [row] = await database.query<{ row: string }>({
      text: 'SELECT a::text || k::text AS row FROM operator_audit a, api_key k',
    });
    expect(row?.row).not.toContain(secretOf(made));
    const [audit] = await database.query({ text: 'SELECT operator, verb, reason, details FROM operator_audit' });
    expect(audit).toMatchObject({ operator: 'ann', verb: 'keys create', details: { id: made.key.id, name: 'web' } });
    expect(JSON.stringify(audit)).not.toContain('sha256');
  });

  it('is refused by the database with a scope that there is not', async () => {
    await expect(createKey(database, actor, rights({ scopes: ['write' as 'read'] }))).rejects.toThrow('api_key_scopes');
    expect(await listApiKeys(database)).toEqual([]);
  });
});

describe('a rotation', () => {
  it('makes another key of the same rights and lets the old one end after the overlap', async () => {
    const old = await createKey(database, actor, rights());
    const { oldEndsAt, ...made } = await rotateKey(database, actor, { id: old.key.id, overlapMs: 3_600_000 });
    expect(made.key).toMatchObject({ name: 'web', scopes: ['ingest', 'read'], namespaces: ['shop'], expiresAt: null });
    expect(secretOf(made)).not.toBe(secretOf(old));
    const keys = await held();
    await eventually(() => expect(keys.find(made.key.id)).toBeDefined());
    expect(keys.find(old.key.id)?.expiresAt).toBe(oldEndsAt);
    expect(Math.abs(oldEndsAt - made.key.createdAt - 3_600_000)).toBeLessThan(60_000);
    await keys.stop();
  });

  it('without an overlap ends the old key at once', async () => {
    const old = await createKey(database, actor, rights());
    const keys = await held();
    await eventually(() => expect(keys.find(old.key.id)).toBeDefined());
    const made = await rotateKey(database, actor, { id: old.key.id, overlapMs: 0 });
    await eventually(() =>
      expect([keys.find(old.key.id), keys.find(made.key.id)?.id]).toEqual([undefined, made.key.id]),
    );
    await keys.stop();
  });

  it('never lengthens the life of the old key, and gives the new one as long a life', async () => {
    const old = await createKey(database, actor, rights({ expiresInMs: 1_000_000 }));
    const made = await rotateKey(database, actor, { id: old.key.id, overlapMs: 86_400_000 });
    expect(made.oldEndsAt).toBe(old.key.expiresAt);
    expect((made.key.expiresAt ?? 0) - made.key.createdAt).toBe(1_000_000);
  });

  it('of a key that was rotated already is refused with its successor', async () => {
    const old = await createKey(database, actor, rights({ expiresInMs: 1_000_000 }));
    const made = await rotateKey(database, actor, { id: old.key.id, overlapMs: 60_000 });
    await expect(rotateKey(database, actor, { id: old.key.id, overlapMs: 60_000 })).rejects.toThrow(
      `rotate ${made.key.id} instead`,
    );
    expect(await listApiKeys(database)).toHaveLength(2);
  });

  it('of a key that was revoked is refused', async () => {
    const old = await createKey(database, actor, rights());
    await revokeKey(database, actor, old.key.id);
    await expect(rotateKey(database, actor, { id: old.key.id, overlapMs: 0 })).rejects.toThrow('no key');
    expect(await listApiKeys(database)).toHaveLength(1);
  });
});

describe('keys held by a process', () => {
  it('are not there before they were read once, and then stay while Postgres is away', async () => {
    const made = await createKey(database, actor, rights());
    link.cut();
    const keys = await held();
    expect([keys.isLoaded(), keys.unready?.()]).toEqual([false, 'API keys were not read yet']);
    link.mend();
    await eventually(() => expect(keys.unready?.()).toBeUndefined());
    expect(keys.find(made.key.id)).toMatchObject({ id: made.key.id, namespaces: ['shop'] });
    link.cut();
    await revokeKey(database, actor, made.key.id);
    await expect(linked.query({ text: 'SELECT 1' })).rejects.toThrow();
    expect(keys.find(made.key.id)).toBeDefined();
    link.mend();
    await eventually(() => expect(keys.find(made.key.id)).toBeUndefined());
    await keys.stop();
  });

  it('are gone soon after they were revoked, also after a connection that carries nothing any more', async () => {
    const [one, other] = [await createKey(database, actor, rights()), await createKey(database, actor, rights())];
    const keys = await held();
    await eventually(() => expect(keys.find(one.key.id)).toBeDefined());
    await revokeKey(database, actor, one.key.id);
    await eventually(() => expect(keys.find(one.key.id)).toBeUndefined());
    expect(keys.find(other.key.id)).toBeDefined();
    link.lose();
    await revokeKey(database, actor, other.key.id);
    await eventually(() => expect(keys.find(other.key.id)).toBeUndefined());
    await keys.stop();
    await expect(revokeKey(database, actor, one.key.id)).rejects.toThrow('no key');
  });
});

it('a list tells what each key may do and whether it is in force', async () => {
  const made = await createKey(database, actor, rights({ name: 'a' }));
  await revokeKey(database, actor, made.key.id);
  await createKey(
    database,
    actor,
    rights({ name: 'b', namespaces: null, scopes: ['admin'], maxRequestsPerSecond: null }),
  );
  const lines = keyLines(await listApiKeys(database), Date.now());
  expect(lines[0]).toMatch(/^[0-9a-f]{16} {2}revoked since \S+ {2}a: ingest, read in shop, at most 5 requests\/s/);
  expect(lines[1]).toMatch(/active {4}b: admin in all namespaces$/);
});
