import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { composeApp } from '../../../../serving/compose-app.ts';
import { authenticate } from '../../../../serving/middleware/authenticate.ts';
import type { IdentityEnv } from '../../../../serving/middleware/identity.ts';
import { createKeyCheck } from '../../../../serving/middleware/key-check.ts';
import { tokenInvalid } from '../../../../serving/middleware/principal.ts';
import { createFakeKeys } from '../../../support/fake-keys.ts';
import { startMemoryIngest } from '../../../support/memory-ingest.ts';
import { stillClock } from '../../../support/serving-harness.ts';

const user = {
  caller: { namespaces: new Set(['default']), homeNamespace: 'default', userId: 'u' },
  scopes: null,
  rate: null,
};

/** Ingest behind authentication, beside the one route of serving whose literal path could be an id. */
async function start() {
  const { app: ingest, log, metrics, found } = await startMemoryIngest();
  const fake = createFakeKeys();
  const checkKey = createKeyCheck({ keys: fake.keys, clock: stillClock });
  const checkToken = (text: string) => (text === 'a.b.c' ? user : tokenInvalid);
  const preview = new Hono<IdentityEnv>().post('/v1/rules/preview', (c) => c.json({}));
  const app = composeApp({
    apps: [ingest as unknown as Hono<IdentityEnv>, preview],
    metrics,
    log,
    makeId: () => 'made',
    access: authenticate({ checkKey, checkToken, clock: stillClock, metrics }),
  });
  const credentials = {
    user: 'a.b.c',
    read: fake.add({ scopes: ['read'] }).text,
    ingest: fake.add({ scopes: ['ingest'] }).text,
    admin: fake.add({ scopes: ['admin'] }).text,
  };
  async function ask(who: keyof typeof credentials, method: string, path: string): Promise<number> {
    return (await app.request(path, { method, headers: { 'x-api-key': credentials[who] } })).status;
  }
  return { ask, found };
}

// What a user, a key for reading, one for sending and one for all are answered; 202 deletes, 404 has looked.
it.each([
  ['GET', '/v1/items/upsert', [403, 404, 403, 404]],
  ['HEAD', '/v1/items/upsert', [403, 404, 403, 404]],
  ['DELETE', '/v1/items/upsert', [403, 403, 202, 202]],
  ['GET', '/v1/users/upsert', [403, 404, 403, 404]],
  ['DELETE', '/v1/users/upsert', [403, 403, 202, 202]],
  ['DELETE', '/v1/rules/preview', [403, 403, 403, 202]],
  ['PATCH', '/v1/items/upsert', [403, 403, 403, 405]],
  ['GET', '/nowhere', [403, 403, 403, 404]],
] as const)('%s %s needs a right, whichever methods have this path literally', async (method, path, expected) => {
  const { ask, found } = await start();
  const answered: number[] = [];
  for (const who of ['user', 'read', 'ingest', 'admin'] as const) answered.push(await ask(who, method, path));
  expect(answered).toEqual(expected);
  expect(found).toHaveLength(expected.filter((status) => status === 404 && path !== '/nowhere').length);
});
