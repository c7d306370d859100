import { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../../../pipeline/kernel/metrics.ts';
import { composeApp } from '../../../../serving/compose-app.ts';
import { authenticate, type TokenCheck } from '../../../../serving/middleware/authenticate.ts';
import type { IdentityEnv } from '../../../../serving/middleware/identity.ts';
import { createKeyCheck } from '../../../../serving/middleware/key-check.ts';
import { tokenInvalid } from '../../../../serving/middleware/principal.ts';
import { createFakeKeys } from '../../../support/fake-keys.ts';
import { quietLog } from '../../../support/serving-harness.ts';

let fake: ReturnType<typeof createFakeKeys>;
let metrics: ReturnType<typeof createMetrics>;
let app: ReturnType<typeof composeApp>;
let now: number;
let checkToken: TokenCheck | undefined;

beforeEach(() => {
  fake = createFakeKeys();
  metrics = createMetrics();
  now = 0;
  checkToken = undefined;
  const clock = { now: () => now, monotonic: () => now };
  const checkKey = createKeyCheck({ keys: fake.keys, clock });
  const routes = new Hono<IdentityEnv>()
    .get('/healthz', (c) => c.json({}))
    .get('/v1/recommendations/:id', (c) => c.json(c.get('caller') ?? null))
    .post('/v1/events', (c) => c.json({}))
    .post('/v1/config:upsert', (c) => c.json({}))
    .get('/metrics', (c) => c.text(''));
  app = composeApp({
    apps: [routes],
    metrics,
    log: quietLog,
    makeId: () => 'made-1',
    access: authenticate({ checkKey, checkToken: (text) => checkToken?.(text) ?? tokenInvalid, clock, metrics }),
  });
});

const list = '/v1/recommendations/u1';
const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await app.request(path, { method, headers });
  const body = response.status === 200 ? undefined : ((await response.json()) as { code: string; request_id: string });
  return { response, status: response.status, code: body?.code, body };
}

describe('a request', () => {
  it('without credentials is a 401 that says how, in the one error shape', async () => {
    const { response, status, body } = await ask(list);
    expect(status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="freshet"');
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('x-request-id')).toBe('made-1');
    expect(body).toMatchObject({ code: 'unauthenticated', request_id: 'made-1', title: 'Not authenticated' });
  });

  it('is let through by either header, whatever the case of its scheme', async () => {
    const { text } = fake.add();
    for (const headers of [bearer(text), { authorization: `bearer  ${text} ` }, { 'x-api-key': text }])
      expect((await ask(list, headers)).status).toBe(200);
    expect((await ask(list, { authorization: 'Basic abc', 'x-api-key': text })).status).toBe(200);
    expect((await ask(list, { authorization: `Basic ${text}` })).status).toBe(401);
  });

  it('with credentials that are none is a 401 that names the error', async () => {
    for (const text of ['fk_0123456789abcdef_x', 'rubbish', 'a.b.c']) {
      const { status, response } = await ask(list, bearer(text));
      expect(status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
  });

  it('of a path that is open needs none', async () => {
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('of no route is a 401 without credentials, a 403 without the scope admin, and a 404 or 405 with it', async () => {
    const { text } = fake.add({ scopes: ['admin'] });
    expect((await ask('/nowhere', bearer(fake.add().text))).status).toBe(403);
    expect((await ask('/nowhere')).status).toBe(401);
    expect((await ask('/nowhere', bearer(text))).status).toBe(404);
    expect((await ask('/metrics', bearer(text), 'POST')).status).toBe(405);
  });

  it('puts what the key may do into the context', async () => {
    const { text } = fake.add({ namespaces: ['shop'] });
    const response = await app.request(list, { headers: bearer(text) });
    expect(await response.json()).toMatchObject({ homeNamespace: 'shop', userId: null });
  });
});

describe('scopes', () => {
  it.each([
    ['read', list, 'GET', 200],
    ['read', '/v1/events', 'POST', 403],
    ['read', '/metrics', 'GET', 403],
    ['ingest', '/v1/events', 'POST', 200],
    ['ingest', list, 'GET', 403],
    ['ingest', '/v1/config:upsert', 'POST', 403],
    ['admin', list, 'GET', 200],
    ['admin', '/v1/events', 'POST', 200],
    ['admin', '/v1/config:upsert', 'POST', 200],
    ['admin', '/metrics', 'GET', 200],
  ] as const)('%s on %s %s answers %s', async (scope, path, method, expected) => {
    const { status, code } = await ask(path, bearer(fake.add({ scopes: [scope] }).text), method);
    expect(status).toBe(expected);
    if (expected === 403) expect(code).toBe('scope_missing');
  });
});

describe('the rate of a key', () => {
  it('lets a second’s worth through at once, then answers 429 with Retry-After until time has passed', async () => {
    const { text } = fake.add({ maxRequestsPerSecond: 2, name: 'web' });
    const statuses = [];
    for (let asked = 0; asked < 3; asked += 1) statuses.push((await ask(list, bearer(text))).status);
    expect(statuses).toEqual([200, 200, 429]);
    const { response, body } = await ask(list, bearer(text));
    expect(response.headers.get('retry-after')).toBe('1');
    expect(body).toMatchObject({ code: 'rate_limited', limit: 2 });
    now = 500;
    expect((await ask(list, bearer(text))).status).toBe(200);
    expect((await ask(list, bearer(text))).status).toBe(429);
    expect((await metrics.httpKeyLimited.get()).values).toEqual([{ labels: { key: 'web' }, value: 3 }]);
    expect((await ask(list, bearer(fake.add({ maxRequestsPerSecond: 2 }).text))).status).toBe(200);
  });
});

describe('a user with a token', () => {
  it('may use the routes that take users and no other', async () => {
    const user = { caller: { namespaces: null, homeNamespace: null, userId: 'u1' }, scopes: null, rate: null };
    checkToken = (text) => (text === 'a.b.c' ? user : tokenInvalid);
    expect((await ask(list, bearer('a.b.c'))).status).toBe(200);
    expect((await ask('/v1/events', bearer('a.b.c'), 'POST')).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/v1/config:upsert'],
      ['GET', '/metrics'],
    ] as const)
      expect(await ask(path, bearer('a.b.c'), method)).toMatchObject({ status: 403, code: 'scope_missing' });
    expect(await ask(list, bearer('d.e.f'))).toMatchObject({ status: 401, code: 'token_invalid' });
    expect((await ask(list, bearer(fake.add().text))).status).toBe(200);
  });

  it('has a rate of its own, whatever others send: five seconds’ worth at once', async () => {
    checkToken = (userId) => ({
      caller: { namespaces: null, homeNamespace: null, userId },
      scopes: null,
      rate: { id: userId, keyName: null, perSecond: 2 },
    });
    const statuses = [];
    for (let asked = 0; asked < 11; asked += 1) statuses.push((await ask(list, bearer('u1'))).status);
    expect(statuses).toEqual([...Array(10).fill(200), 429]);
    const { response, body } = await ask(list, bearer('u1'));
    expect(response.headers.get('retry-after')).toBe('1');
    expect(body).toMatchObject({ code: 'rate_limited', limit: 2, detail: expect.stringContaining('user') });
    expect((await ask(list, bearer('u2'))).status).toBe(200);
    now = 500;
    expect((await ask(list, bearer('u1'))).status).toBe(200);
    expect((await metrics.httpKeyLimited.get()).values).toEqual([]);
  });
});

it('refusals are counted by code', async () => {
  await ask(list);
  await ask('/metrics', bearer(fake.add().text));
  expect((await metrics.httpAccessRefused.get()).values).toEqual([
    { labels: { code: 'unauthenticated' }, value: 1 },
    { labels: { code: 'scope_missing' }, value: 1 },
  ]);
  expect((await metrics.httpRequests.get()).values.map(({ labels }) => labels)).toEqual([
    { route: 'refused', status: '401' },
    { route: 'refused', status: '403' },
  ]);
});
