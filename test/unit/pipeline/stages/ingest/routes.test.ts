import type { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../../../../pipeline/domain/settings.ts';
import { systemClock } from '../../../../../pipeline/kernel/clock.ts';
import { startAll } from '../../../../../pipeline/kernel/component.ts';
import { FreshetError, TransientError } from '../../../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';
import { createIngest, type IngestOptions } from '../../../../../pipeline/stages/ingest/ingest.ts';
import { createMemoryIngestStore } from '../../../../../pipeline/stores/memory/ingest-store.ts';
import { composeApp } from '../../../../../serving/compose-app.ts';
import type { IdentityEnv } from '../../../../../serving/middleware/identity.ts';
import { createTestCodec } from '../../../../support/ingest-harness.ts';

async function start(over: Partial<IngestOptions> = {}, { isWaiting = false } = {}) {
  const log = createLogger('silent');
  const metrics = createMetrics();
  let ids = 0;
  const makeId = () => {
    ids += 1;
    return `made-${ids}`;
  };
  const failures: unknown[] = [];
  const { app, component } = createIngest({
    codec: createTestCodec(),
    store: createMemoryIngestStore(),
    reader: { find: async () => undefined },
    settings: { get: () => defaultSettings, isLoaded: () => true },
    recent: { append: () => undefined },
    signal: () => undefined,
    admission: { refusal: () => undefined },
    queueEvents: 2_000,
    heldBytes: 67_108_864,
    clock: systemClock,
    random: () => 0,
    makeId,
    log,
    metrics,
    ...over,
  });
  const running = await startAll([component], log, (_, error) => failures.push(error));
  if (!isWaiting) await expect.poll(() => running.unready?.()).toBeUndefined();
  const mounted = app as unknown as Hono<IdentityEnv>;
  const post = (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' };
    return composeApp({ apps: [mounted], metrics, log, makeId }).request(path, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
  };
  return { post, running, metrics, failures };
}

const click = { event_id: 'e', user_id: 'u', item_id: 'i', type: 'click' };

describe('the door', () => {
  it('names a request in header and body by the same id, mounted beside others', async () => {
    const { post } = await start();
    const response = await post('/v1/events', {});
    expect(((await response.json()) as { request_id: string }).request_id).toBe(response.headers.get('x-request-id'));
  });

  it('counts results and requests', async () => {
    const { post, metrics } = await start();
    await post('/v1/events:batch', [click, { ...click, event_id: 'f', type: 'hover' }]);
    const { values } = await metrics.ingestResults.get();
    expect(values.map(({ labels, value }) => [labels.kind, labels.result, labels.code, value])).toEqual([
      ['interaction', 'accepted', '', 1],
      ['interaction', 'rejected', 'unknown_type', 1],
    ]);
    expect((await metrics.httpRequests.get()).values).toMatchObject([
      { labels: { route: 'events:batch', status: '202' } },
    ]);
  });

  it('answers 503 over its bound', async () => {
    const held = await start({ queueEvents: 1, store: { append: () => new Promise(() => undefined) } });
    void held.post('/v1/events', click);
    await expect.poll(async () => (await held.metrics.ingestQueueDepth.get()).values[0]?.value).toBe(1);
    const response = await held.post('/v1/events', { ...click, event_id: 'f' });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ code: 'overloaded' });
  });

  it('answers 503 while the outbox has no room, reads nothing, and says it once for each who asks', async () => {
    const refusal = () => ({ status: 503, code: 'outbox_full', detail: 'full', limit: 5, retryAfterSeconds: 4 });
    const { post, metrics, running } = await start({ admission: { refusal } });
    for (const path of ['/v1/events:batch', '/v1/impressions', '/v1/items:upsert', '/v1/config:upsert']) {
      const response = await post(path, 'not read');
      expect([path, response.status, response.headers.get('retry-after')]).toEqual([path, 503, '4']);
      expect(await response.json()).toMatchObject({ code: 'outbox_full', limit: 5 });
    }
    expect((await metrics.ingestRefused.get()).values).toEqual([{ labels: { code: 'outbox_full' }, value: 4 }]);
    expect(running.unready?.()).toBeUndefined();
  });

  it('spreads those who come back over a time up to twice as long', async () => {
    const refusal = () => ({ status: 503, code: 'outbox_full', detail: 'full', retryAfterSeconds: 4 });
    const { post } = await start({ admission: { refusal }, random: () => 0.99 });
    expect((await post('/v1/events', click)).headers.get('retry-after')).toBe('8');
  });

  it('answers 429 to a namespace over its own limit, and lets its settings be changed', async () => {
    const settings = { get: () => ({ ...defaultSettings, max_events_per_second: 1 }), isLoaded: () => true };
    const { post } = await start({ settings });
    const item = { items: [{ item_id: 'i' }] };
    expect((await post('/v1/events', click)).status).toBe(202);
    for (const [path, body] of [
      ['/v1/events', click],
      ['/v1/items:upsert', item],
    ] as const) {
      const response = await post(path, body);
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
      expect(await response.json()).toMatchObject({ code: 'rate_limited', limit: 1 });
    }
    const raised = { documents: [{ kind: 'settings', body: { max_events_per_second: 100 } }] };
    expect((await post('/v1/config:upsert', raised)).status).toBe(202);
  });

  it('answers a fault of ours with 500 and without details', async () => {
    const { post } = await start({
      store: { append: () => Promise.reject(new FreshetError('sql_42P01', 'no table secret')) },
    });
    const response = await post('/v1/events', click);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });

  it('is not ready, and answers 503, before settings and schema ids are known', async () => {
    const settings = { get: () => defaultSettings, isLoaded: () => false };
    const { post, running } = await start({ settings }, { isWaiting: true });
    await expect.poll(() => running.unready?.()).toMatch(/settings/);
    expect((await post('/v1/events', click)).status).toBe(503);
  });

  it('waits for a registry that is away, and stops while it waits', async () => {
    const away = { writer: () => Promise.reject(new TransientError('registry_unavailable', 'away')) };
    const { running, failures } = await start({ codec: away }, { isWaiting: true });
    expect(running.unready?.()).toMatch(/registry/);
    await running.stop();
    expect(failures).toEqual([]);
  });

  it('gives up where a schema is not registered, with the remedy', async () => {
    const missing = {
      writer: () => Promise.reject(new FreshetError('schema_not_registered', 'run freshet schemas apply')),
    };
    const { failures } = await start({ codec: missing }, { isWaiting: true });
    await expect.poll(() => failures).toMatchObject([{ code: 'schema_not_registered' }]);
  });

  it('rejects an event that its schema refuses, and only that', async () => {
    const codec = createTestCodec();
    const { post } = await start({
      codec: {
        async writer(topic) {
          const writer = await codec.writer(topic);
          return {
            write(value) {
              if ((value as { eventId?: string }).eventId === 'odd')
                throw new FreshetError('record_invalid', 'does not fit');
              return writer.write(value);
            },
          };
        },
      },
    });
    const response = await post('/v1/events:batch', [click, { ...click, event_id: 'odd' }]);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      results: [{ status: 'accepted' }, { error: { code: 'record_invalid' } }],
    });
  });
});
