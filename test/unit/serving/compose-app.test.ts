import { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import { TransientError } from '../../../pipeline/kernel/errors.ts';
import { createMetrics } from '../../../pipeline/kernel/metrics.ts';
import { composeApp } from '../../../serving/compose-app.ts';
import type { IdentityEnv } from '../../../serving/middleware/identity.ts';
import { createMeasure } from '../../../serving/middleware/request-metrics.ts';
import { createReadiness, type Readiness } from '../../../serving/readiness.ts';
import { statusRoutes } from '../../../serving/routes/status.ts';
import { quietLog, stillClock } from '../../support/serving-harness.ts';

let metrics: ReturnType<typeof createMetrics>;
let readiness: Readiness;
let app: ReturnType<typeof composeApp>;

function compose(metricsEnabled = true) {
  const counted = createMeasure(metrics, stillClock)('things');
  const routes = new Hono<IdentityEnv>()
    .get('/things/:id', counted, (c) => c.json({ id: c.req.param('id'), request: c.get('identity').requestId }))
    .put('/things/:id', () => {
      throw new TransientError('redis_unavailable', 'secret host 10.0.0.1 is away');
    })
    .delete('/things/:id', () => {
      throw new Error('secret stack');
    })
    .post(
      '/own',
      () =>
        new Response('x', {
          headers: { 'X-Request-ID': 'own', 'X-Correlation-ID': 'own', 'cache-control': 'max-age=60' },
        }),
    );
  const health = () => ({ catalog: { items: 3 } });
  const status = statusRoutes({ readiness, health, metrics, metricsEnabled });
  let made = 0;
  return composeApp({ apps: [routes, status], metrics, log: quietLog, makeId: () => `made-${++made}` });
}

beforeEach(() => {
  metrics = createMetrics();
  readiness = createReadiness();
  app = compose();
});

describe('request ids', () => {
  it.each(['/things/1', '/nowhere', '/healthz', '/metrics'])('are on the response of %s', async (path) => {
    const { headers } = await app.request(path);
    expect(headers.get('x-request-id')).toBe('made-1');
    expect(headers.get('x-correlation-id')).toBe('made-1');
  });

  it('are taken from the client where well formed, else made', async () => {
    const ask = (headers: Record<string, string>) => app.request('/things/1', { headers });
    const taken = await ask({ 'x-request-id': 'abc-1', 'x-correlation-id': 'flow:7' });
    expect([taken.headers.get('x-request-id'), taken.headers.get('x-correlation-id')]).toEqual(['abc-1', 'flow:7']);
    expect(await taken.json()).toMatchObject({ request: 'abc-1' });
    const refused = await ask({ 'x-request-id': 'not well formed', 'x-correlation-id': 'y'.repeat(129) });
    expect([refused.headers.get('x-request-id'), refused.headers.get('x-correlation-id')]).toEqual([
      'made-1',
      'made-1',
    ]);
  });

  it('stay what an inner app has said', async () => {
    expect((await app.request('/own', { method: 'POST' })).headers.get('x-request-id')).toBe('own');
  });
});

describe('every answer', () => {
  it.each(['/things/1', '/nowhere', '/readyz'])('of %s is not sniffed, embedded, told on or kept', async (path) => {
    const { headers } = await app.request(path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('is kept by caches where its route says so', async () => {
    expect((await app.request('/own', { method: 'POST' })).headers.get('cache-control')).toBe('max-age=60');
  });
});

describe('what no route answers', () => {
  it('is a 404 in the one error shape', async () => {
    const response = await app.request('/nowhere');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'unknown_route', request_id: 'made-1' });
  });

  it('is a 405 with the methods there are where only the method is wrong', async () => {
    const response = await app.request('/things/a%2Fb', { method: 'POST' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, PUT, DELETE');
    expect(await response.json()).toMatchObject({ code: 'method_not_allowed' });
  });

  it('is counted without its path', async () => {
    await app.request('/nowhere');
    await app.request('/healthz', { method: 'POST' });
    const { values } = await metrics.httpRequests.get();
    expect(values.map(({ labels }) => labels)).toEqual([
      { route: 'none', status: '404' },
      { route: 'none', status: '405' },
    ]);
  });
});

describe('faults', () => {
  it('answer 503 with Retry-After where something is away', async () => {
    const response = await app.request('/things/1', { method: 'PUT' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.text()).not.toContain('secret');
  });

  it('answer 500 without telling what happened', async () => {
    const response = await app.request('/things/1', { method: 'DELETE' });
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).not.toMatch(/secret|\.ts|at /);
    expect(JSON.parse(text)).toMatchObject({ code: 'internal', request_id: 'made-1' });
  });
});

describe('status', () => {
  it('is alive with a snapshot of each subsystem, ready or not', async () => {
    readiness.add(() => 'catalog not loaded yet');
    const response = await app.request('/healthz');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok', ready: false, subsystems: { catalog: { items: 3 } } });
  });

  it('is ready while nothing is amiss, and says what is', async () => {
    expect((await app.request('/readyz')).status).toBe(200);
    let reason: string | undefined = 'catalog not loaded yet';
    readiness.add(() => reason);
    const response = await app.request('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'not_ready', detail: 'catalog not loaded yet' });
    reason = undefined;
    expect((await app.request('/readyz')).status).toBe(200);
    readiness.drain();
    expect((await app.request('/readyz')).status).toBe(503);
  });

  it('serves metrics under both names, and not where they are turned off', async () => {
    await app.request('/things/1');
    for (const path of ['/metrics', '/metrics/prometheus']) {
      const response = await app.request(path);
      expect(response.headers.get('content-type')).toContain('text/plain');
      expect(await response.text()).toContain('freshet_http_requests_total{route="things",status="200"} 1');
    }
    expect((await compose(false).request('/metrics')).status).toBe(404);
  });
});
