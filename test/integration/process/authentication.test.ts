import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey, revokeKey } from '../../../ops/keys/keys.ts';
import type { ApiScope } from '../../../pipeline/stores/api-key.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { eventually } from '../../support/eventually.ts';
import { startWholeProcess, type WholeProcess } from '../../support/whole-process.ts';

const operatorToken = 'ops';
const actor = { operator: 'ann', reason: 'tests' };
let whole: WholeProcess;
let database: Database;

beforeAll(async () => {
  whole = await startWholeProcess({
    name: 'auth',
    roles: ['ingest', 'serving', 'admin'],
    env: {
      FRESHET_HTTP_AUTH: 'required',
      FRESHET_ADMIN_TOKENS: `ann:${createHash('sha256').update(operatorToken).digest('hex')}`,
    },
  });
  database = openDatabase({ url: whole.workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});
afterAll(async () => {
  await database.close();
  await whole.close();
});

const ask = (path: string, init: RequestInit = {}) => fetch(whole.process.url + path, init);
const makeKey = (scopes: readonly ApiScope[]) =>
  createKey(database, actor, {
    name: 'test',
    scopes,
    namespaces: null,
    maxRequestsPerSecond: null,
    expiresInMs: null,
  });

describe('a process that requires authentication', () => {
  it('answers 401 on every route without credentials, but for those that are open', async () => {
    const routes = whole.process.routes.filter(({ method }) => method !== 'ALL');
    const statuses = new Map<string, number>();
    for (const { method, path } of routes) {
      const filled = path.replace(/:\w+(\{[^}]*\})?/g, 'x');
      statuses.set(`${method} ${path}`, (await ask(filled, { method })).status);
    }
    const others = [...statuses].filter(([, status]) => status !== 401).map(([route]) => route);
    const open = ['GET /contract', 'GET /docs', 'GET /healthz', 'GET /openapi.json', 'GET /readyz'];
    expect(others.filter((route) => !open.includes(route))).toEqual([]);
    expect(others).toContain('GET /healthz');
    expect(statuses.size).toBeGreaterThan(25);
  });

  it('takes a new key within seconds, and refuses it within two seconds of its revocation', async () => {
    const { key, text } = await makeKey(['admin']);
    const headers = { authorization: `Bearer ${text}` };
    await eventually(async () => expect((await ask('/metrics/reco', { headers })).status).toBe(200));
    await revokeKey(database, actor, key.id);
    await eventually(async () => expect((await ask('/metrics/reco', { headers })).status).toBe(401), {
      withinMs: 2_500,
    });
  });

  it('takes events by a key for sending, which reads nothing', async () => {
    const { text } = await makeKey(['ingest']);
    const headers = { 'x-api-key': text, 'content-type': 'application/json' };
    const body = JSON.stringify({ event_id: 'e', user_id: 'u', item_id: 'i', type: 'click' });
    await eventually(async () => expect((await ask('/v1/events', { method: 'POST', headers, body })).status).toBe(202));
    expect((await ask('/v1/users/u', { headers })).status).toBe(403);
  });
});
