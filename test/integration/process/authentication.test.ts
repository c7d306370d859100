import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey, revokeKey } from '../../../ops/keys/keys.ts';
import { type FreshetProcess, startProcess } from '../../../ops/process/process.ts';
import type { Role } from '../../../ops/process/roles.ts';
import { parseConfig } from '../../../pipeline/kernel/config.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import type { ApiScope } from '../../../pipeline/stores/api-key.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { eventually } from '../../support/eventually.ts';
import { createFakeIssuer } from '../../support/fake-issuer.ts';
import { startWholeProcess, untilReady, type WholeProcess } from '../../support/whole-process.ts';

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

/** Another process of the same installation, with other variables. */
async function startBeside(roles: readonly Role[], env: Readonly<Record<string, string>>): Promise<FreshetProcess> {
  const beside = await startProcess({
    config: parseConfig({ ...whole.workspace.env, ...env }),
    roles: new Set(roles),
    log: createLogger('silent'),
    onFatal: () => undefined,
  });
  await untilReady(beside);
  return beside;
}

describe('operators', () => {
  const headers = { authorization: `Bearer ${operatorToken}` };
  const summary = '/admin/dlq/summary';

  it('have an address of their own, where nothing but /admin is', async () => {
    const { url, adminUrl = '' } = whole.process;
    expect(adminUrl).not.toBe(url);
    expect((await fetch(adminUrl + summary)).status).toBe(401);
    expect((await fetch(adminUrl + summary, { headers })).status).toBe(200);
    expect((await fetch(`${adminUrl}/v1/users/u`, { headers })).status).toBe(404);
    expect((await ask(summary, { headers })).status).toBe(404);
  });

  it('are on the port of clients where that is asked for, by their own tokens', async () => {
    const beside = await startBeside(['serving', 'admin'], { FRESHET_ADMIN_ON_HTTP_PORT: 'true' });
    expect(beside.adminUrl).toBe(beside.url);
    expect((await fetch(beside.url + summary)).status).toBe(401);
    expect((await fetch(beside.url + summary, { headers })).status).toBe(200);
    expect((await fetch(`${beside.url}/metrics/reco`, { headers })).status).toBe(401);
    await beside.stop();
  });

  it('have the one port of a process that is theirs alone', async () => {
    const beside = await startBeside(['admin'], {});
    expect(beside.adminUrl).toBe(beside.url);
    expect((await fetch(beside.url + summary, { headers })).status).toBe(200);
    expect((await fetch(`${beside.url}/readyz`)).status).toBe(200);
    await beside.stop();
  });
});

describe('a user with a token of the issuer', () => {
  it('reads its own list and sends its own events, and nothing else', async () => {
    const issuer = createFakeIssuer();
    const key = await issuer.makeKey('k1');
    issuer.publish(key);
    const jwks = await (await issuer.fetch('')).text();
    const server = createServer((_, response) => response.end(jwks));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const beside = await startBeside(['ingest', 'serving'], {
      FRESHET_JWT_ISSUER: 'https://login.example/',
      FRESHET_JWT_AUDIENCE: 'freshet',
      FRESHET_JWT_JWKS_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    });
    const token = await issuer.sign(key, { sub: 'u1', exp: Math.floor(Date.now() / 1_000) + 600 });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const call = async (path: string, body?: unknown) => {
      const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const response = await fetch(beside.url + path, { headers, ...sent });
      return { status: response.status, body: (await response.json()) as { code?: string; results?: unknown } };
    };
    // Nothing is recommended yet in this installation: 503 no_list is the answer of the route itself.
    expect((await call('/v1/recommendations/u1')).body.code).toBe('no_list');
    expect(await call('/v1/recommendations/u2')).toMatchObject({ status: 403, body: { code: 'user_forbidden' } });
    expect((await call('/v1/recommendations/u1?namespace=shop')).body.code).toBe('namespace_forbidden');
    const event = { event_id: 't1', user_id: 'u1', item_id: 'i', type: 'click' };
    expect(await call('/v1/events:batch', [event, { ...event, event_id: 't2', user_id: 'u2' }])).toMatchObject({
      status: 202,
      body: { results: [{ status: 'accepted' }, { status: 'rejected', error: { code: 'user_forbidden' } }] },
    });
    for (const path of ['/v1/users/u1', '/v1/items/i', '/metrics', '/stream/worker'])
      expect([path, (await call(path)).body.code]).toEqual([path, 'scope_missing']);
    expect((await fetch(`${beside.url}/v1/recommendations/u1`)).status).toBe(401);
    await beside.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a process on which nobody is asked', () => {
  it('takes whoever comes', async () => {
    const beside = await startBeside(['serving'], { FRESHET_HTTP_AUTH: 'open' });
    expect((await fetch(`${beside.url}/metrics/reco`)).status).toBe(200);
    await beside.stop();
  });
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
    expect([...statuses.keys()].some((route) => route.includes('/admin/'))).toBe(false);
  });

  it('takes a new key without a restart, and refuses it once it is revoked', async () => {
    const { key, text } = await makeKey(['admin']);
    const headers = { authorization: `Bearer ${text}` };
    await eventually(async () => expect((await ask('/metrics/reco', { headers })).status).toBe(200));
    await revokeKey(database, actor, key.id);
    await eventually(async () => expect((await ask('/metrics/reco', { headers })).status).toBe(401));
  });

  it('takes events by a key for sending, which reads nothing', async () => {
    const { text } = await makeKey(['ingest']);
    const headers = { 'x-api-key': text, 'content-type': 'application/json' };
    const body = JSON.stringify({ event_id: 'e', user_id: 'u', item_id: 'i', type: 'click' });
    await eventually(async () => expect((await ask('/v1/events', { method: 'POST', headers, body })).status).toBe(202));
    expect((await ask('/v1/users/u', { headers })).status).toBe(403);
  });
});
