import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../../pipeline/kernel/metrics.ts';
import { composeApp } from '../../../../serving/compose-app.ts';
import type { IdentityEnv } from '../../../../serving/middleware/identity.ts';
import { refuse } from '../../../../serving/routes/refuse.ts';
import { quietLog } from '../../../support/serving-harness.ts';

const shop = 'https://shop.example';
const list = '/v1/recommendations/u1';

function start(...corsOrigins: readonly string[]) {
  const routes = new Hono<IdentityEnv>()
    .get('/v1/recommendations/:id', (c) => c.json({}, 200))
    .post('/v1/events', (c) => c.json({}, 202))
    .get('/metrics', (c) => c.text(''));
  const app = composeApp({
    apps: [routes],
    metrics: createMetrics(),
    log: quietLog,
    makeId: () => 'made',
    corsOrigins,
    access: async (c, next) => {
      if (c.req.raw.headers.get('authorization') !== null) return next();
      return refuse(c, { status: 401, code: 'unauthenticated', detail: '' });
    },
  });
  const of = ({ status, headers }: Response) => ({
    status,
    origin: headers.get('access-control-allow-origin'),
    methods: headers.get('access-control-allow-methods'),
    headers: headers.get('access-control-allow-headers'),
    exposed: headers.get('access-control-expose-headers'),
    credentials: headers.get('access-control-allow-credentials'),
    vary: headers.get('vary'),
  });
  return {
    ask: async (path: string, headers: Record<string, string>) =>
      of(await app.request(path, { headers: { authorization: 'x', ...headers } })),
    askWithout: async (path: string, headers: Record<string, string>) => of(await app.request(path, { headers })),
    preflight: async (path: string, method: string, origin = shop) =>
      of(
        await app.request(path, {
          method: 'OPTIONS',
          headers: { origin, 'access-control-request-method': method },
        }),
      ),
  };
}

describe('pages of an origin that is named', () => {
  it('are told before authentication what they may send', async () => {
    const { preflight } = start(shop, 'https://other.example');
    expect(await preflight(list, 'GET')).toMatchObject({ status: 204, origin: shop, methods: 'GET', vary: 'Origin' });
    const events = await preflight('/v1/events', 'POST');
    expect(events).toMatchObject({ status: 204, origin: shop, methods: 'POST', credentials: null });
    expect(events.headers).toContain('Authorization');
    expect(events.headers).toContain('Content-Type');
  });

  it('may read answers, refusals too, with the names that help', async () => {
    const { ask, askWithout } = start(shop);
    expect(await ask(list, { origin: shop })).toMatchObject({
      status: 200,
      origin: shop,
      exposed: 'X-Request-ID, X-Correlation-ID, Retry-After, Date',
      vary: 'Origin',
    });
    expect(await askWithout(list, { origin: shop })).toMatchObject({ status: 401, origin: shop });
  });

  it('are told nothing of what is for admins', async () => {
    const { preflight } = start(shop);
    expect(await preflight('/metrics', 'GET')).toMatchObject({ status: 401, methods: null });
    expect(await preflight('/v1/config:upsert', 'POST')).toMatchObject({ status: 401, methods: null });
  });
});

describe('pages of any other origin', () => {
  it.each(['https://evil.example', 'http://shop.example', 'https://shop.example.evil.example', 'null'])(
    'such as %s read nothing',
    async (origin) => {
      const { ask, preflight } = start(shop);
      expect(await ask(list, { origin })).toMatchObject({ status: 200, origin: null, vary: 'Origin' });
      expect(await preflight(list, 'GET', origin)).toMatchObject({ status: 401, origin: null, methods: null });
    },
  );

  it('are all let in by *, without credentials', async () => {
    const { ask } = start('*');
    expect(await ask(list, { origin: 'https://any.example' })).toMatchObject({
      origin: '*',
      credentials: null,
      vary: null,
    });
  });

  it('are told nothing at all where no origin is named', async () => {
    const { ask, preflight } = start();
    expect(await ask(list, { origin: shop })).toMatchObject({ origin: null, exposed: null, vary: null });
    expect(await preflight(list, 'GET')).toMatchObject({ status: 401, origin: null });
  });
});
