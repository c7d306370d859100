import { describe, expect, it } from 'vitest';
import type { Caller } from '../../../../pipeline/domain/caller.ts';
import { candidates, createServingApp, createServingHarness, list } from '../../../support/serving-harness.ts';

/** List routes with one user and one item, behind a front that says who asks. */
function start(caller: Caller) {
  const harness = createServingHarness();
  harness.setUser({ list: list(candidates([1, 2])) });
  const app = createServingApp(harness, undefined, async (c, next) => {
    c.set('caller', caller);
    await next();
  });
  return async (method: string, path: string, body?: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await app.request(path, { method, headers, ...sent });
    const answered = (await response.json()) as { code?: string; path?: string; items?: readonly unknown[] };
    return [response.status, answered.code ?? answered.items?.length, ...(answered.path ? [answered.path] : [])];
  };
}

const ofShop: Caller = { namespaces: new Set(['shop']), homeNamespace: 'shop', userId: null };
const user: Caller = { ...ofShop, userId: 'u1' };

describe('a key of one namespace', () => {
  it('asks for lists of its own, named or not, and of no other', async () => {
    const ask = start(ofShop);
    for (const path of ['/v1/recommendations/u1', '/v1/recommendations/u1?namespace=shop', '/reco?user_id=u1'])
      expect([path, ...(await ask('GET', path))]).toEqual([path, 200, 2]);
    for (const path of [
      '/v1/recommendations/u1?namespace=blog',
      '/recommendations/u1?namespace=default&limit=x',
      '/recommend?userId=u1&namespace=blog',
      '/v1/items/i1/similar?namespace=blog',
    ])
      expect([path, ...(await ask('GET', path))]).toEqual([path, 403, 'namespace_forbidden', 'query.namespace']);
    expect(await ask('POST', '/v1/recommendations', { user_id: 'u1' })).toEqual([200, 2]);
    expect(await ask('POST', '/v1/recommendations', { user_id: 'u1', namespace: 'blog' })).toEqual([
      403,
      'namespace_forbidden',
      '$.namespace',
    ]);
  });
});

it('a key of another namespace is not told that a request was answered', async () => {
  const harness = createServingHarness();
  harness.setUser({ list: list(candidates([1, 2])) });
  let caller = ofShop;
  const app = createServingApp(harness, undefined, async (c, next) => {
    c.set('caller', caller);
    await next();
  });
  await app.request('/v1/recommendations/u1', { headers: { 'x-request-id': 'r-1' } });
  const again = async () => (await app.request('/v1/requests/r-1')).status;
  expect(await again()).toBe(200);
  caller = { namespaces: new Set(['blog']), homeNamespace: 'blog', userId: null };
  expect(await again()).toBe(404);
});

it('rules are shown and rehearsed in namespaces of the key alone', async () => {
  const ask = start(ofShop);
  expect(await ask('GET', '/v1/rules?namespace=blog')).toEqual([403, 'namespace_forbidden', 'query.namespace']);
  expect(await ask('POST', '/v1/rules:preview', { request: { user_id: 'u1', namespace: 'blog' } })).toEqual([
    403,
    'namespace_forbidden',
    '$.request.namespace',
  ]);
  expect(await ask('POST', '/v1/rules:preview', { request: { user_id: 'u1' } })).toEqual([200, 2]);
});

describe('a user', () => {
  it('asks for its own list, however its id is written, and for no other', async () => {
    const ask = start(user);
    for (const path of [
      '/v1/recommendations/u1',
      '/v1/recommendations/%75%31',
      '/recommendations/u1',
      '/reco?userId=u1',
    ])
      expect([path, ...(await ask('GET', path))]).toEqual([path, 200, 2]);
    for (const path of ['/v1/recommendations/u2', '/v1/recommendations/u1%00', '/recommendations/U1'])
      expect((await ask('GET', path)).slice(0, 2)).toEqual([403, 'user_forbidden']);
    expect(await ask('GET', '/reco?user_id=u2&userId=u1')).toEqual([403, 'user_forbidden', 'query.user_id']);
    expect(await ask('POST', '/v1/recommendations', { user_id: 'u1' })).toEqual([200, 2]);
    expect(await ask('POST', '/v1/recommendations', { user_id: 'u2' })).toEqual([403, 'user_forbidden', '$.user_id']);
  });
});
