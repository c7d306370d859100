import { beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../../../pipeline/domain/caller.ts';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import { createMetrics } from '../../../../pipeline/kernel/metrics.ts';
import type { RefreshAnswer } from '../../../../pipeline/stores/serving.ts';
import { createActiveVersion } from '../../../../serving/active-version.ts';
import { composeApp } from '../../../../serving/compose-app.ts';
import { createMeasure } from '../../../../serving/middleware/request-metrics.ts';
import { refreshRoutes } from '../../../../serving/routes/refresh.ts';
import { quietLog, stillClock } from '../../../support/serving-harness.ts';

let answer: () => RefreshAnswer;
let asked: unknown[][];
let caller: Caller | undefined;
const metrics = createMetrics();
const active = createActiveVersion(3);
const app = composeApp({
  apps: [
    refreshRoutes({
      refreshes: {
        async ask(...given) {
          asked.push(given);
          return answer();
        },
      },
      active,
      metrics,
      measure: createMeasure(metrics, stillClock),
    }),
  ],
  metrics,
  log: quietLog,
  makeId: () => 'made',
  access: async (c, next) => {
    if (caller) c.set('caller', caller);
    await next();
  },
});
const post = (path: string) => app.request(path, { method: 'POST' });

beforeEach(() => {
  asked = [];
  caller = undefined;
  answer = () => ({ kind: 'queued', expired: 0 });
});

describe('POST /v1/recommendations/{user_id}/refresh', () => {
  it('answers 202 under the request id', async () => {
    const response = await post('/v1/recommendations/u1/refresh?namespace=shop');
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ request_id: 'made', status: 'queued' });
    expect(asked).toEqual([[3, 'shop', 'u1']]);
  });

  it('answers under its other name, in the default namespace, and for an id with a slash', async () => {
    answer = () => ({ kind: 'already_queued', expired: 2 });
    const response = await post('/recommendations/a%2Fb/refresh');
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ status: 'already_queued' });
    expect(asked).toEqual([[3, 'default', 'a/b']]);
  });

  it('refuses a user whose list was just refreshed, and says when to come back', async () => {
    answer = () => ({ kind: 'too_often', retryAfterMs: 6_001, expired: 0 });
    const response = await post('/v1/recommendations/u1/refresh');
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toMatchObject({ code: 'refresh_too_often', limit: 10 });
  });

  it('refuses where the queue is full', async () => {
    answer = () => ({ kind: 'queue_full', expired: 0 });
    const response = await post('/v1/recommendations/u1/refresh');
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toMatchObject({ code: 'refresh_queue_full' });
  });

  it('answers 503 while Redis is away', async () => {
    answer = () => {
      throw new TransientError('redis_unavailable', 'is away');
    };
    const response = await post('/v1/recommendations/u1/refresh');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  });

  it.each([
    ['/v1/recommendations/u%00/refresh', 'path.user_id'],
    ['/v1/recommendations/%ff/refresh', 'path.user_id'],
    ['/v1/recommendations/u1/refresh?namespace=A|B', 'query.namespace'],
  ])('refuses %s and asks nobody', async (path, field) => {
    const response = await post(path);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ path: field });
    expect(asked).toEqual([]);
  });

  it('refreshes for a user’s token that user alone, in the namespaces it has', async () => {
    caller = { namespaces: new Set(['shop']), homeNamespace: 'shop', userId: 'u1' };
    expect((await post('/v1/recommendations/u1/refresh')).status).toBe(202);
    expect((await post('/v1/recommendations/u2/refresh')).status).toBe(403);
    expect((await post('/v1/recommendations/u1/refresh?namespace=other')).status).toBe(403);
    expect(asked).toEqual([[3, 'shop', 'u1']]);
  });

  it('takes no GET', async () => {
    expect((await app.request('/v1/recommendations/u1/refresh')).status).toBe(405);
  });

  it('counts every answer', async () => {
    const { values } = await metrics.servingRefreshes.get();
    const counts = Object.fromEntries(values.map(({ labels, value }) => [labels.result, value]));
    expect(counts).toEqual({ queued: 2, already_queued: 1, expired: 2, too_often: 1, queue_full: 1 });
  });
});
