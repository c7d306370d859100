import type { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { anyCaller, type Caller } from '../../../../../pipeline/domain/caller.ts';
import { composeApp } from '../../../../../serving/compose-app.ts';
import type { IdentityEnv } from '../../../../../serving/middleware/identity.ts';
import { startMemoryIngest } from '../../../../support/memory-ingest.ts';

/** The door behind a front that says who sends. */
async function start(caller: Caller, limits: Readonly<Record<string, number>> = {}) {
  const { app, log, metrics, found } = await startMemoryIngest(limits);
  const front = composeApp({
    apps: [app as unknown as Hono<IdentityEnv>],
    metrics,
    log,
    makeId: () => 'made',
    access: async (c, next) => {
      c.set('caller', caller);
      await next();
    },
  });
  async function call(method: string, path: string, body?: unknown) {
    const headers = { 'content-type': 'application/json' };
    const response = await front.request(path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answered };
  }
  return { call, found, post: (path: string, body: unknown) => call('POST', path, body) };
}

interface Answered {
  readonly code?: string;
  readonly path?: string;
  readonly limit?: number;
  readonly status?: string;
  readonly results?: readonly { readonly status: string; readonly error?: { readonly code: string; path: string } }[];
}

const ofShop: Caller = { namespaces: new Set(['shop']), homeNamespace: 'shop', userId: null };
const ofBoth: Caller = { namespaces: new Set(['shop', 'blog']), homeNamespace: null, userId: null };
const user: Caller = { namespaces: new Set(['shop']), homeNamespace: 'shop', userId: 'u' };
const click = (id: string, over: object = {}) => ({ event_id: id, user_id: 'u', item_id: 'i', type: 'click', ...over });
const codes = ({ results = [] }: Answered) => results.map(({ status, error }) => error?.code ?? status);

describe('a key of one namespace', () => {
  it('rejects rows of others, and takes those that name none as its own', async () => {
    const { post } = await start(ofShop);
    const events = [click('1'), click('2', { namespace: 'shop' }), click('3', { namespace: 'blog' })];
    const { status, body } = await post('/v1/events:batch', { events });
    expect([status, codes(body)]).toEqual([202, ['accepted', 'accepted', 'namespace_forbidden']]);
    expect(body.results?.[2]?.error?.path).toBe('$.events[2].namespace');
    expect(codes((await post('/v1/events:batch', { events: [click('1'), click('4')] })).body)).toEqual([
      'duplicate',
      'accepted',
    ]);
  });

  it('is answered 403 where all of a request is of others, and nothing is stored', async () => {
    const { post } = await start(ofShop);
    const event = click('1', { namespace: 'blog' });
    for (const [path, body] of [
      ['/v1/events', event],
      ['/v1/events:batch', [event]],
      ['/v1/items:upsert', [{ item_id: 'i', namespace: 'blog' }]],
      ['/v1/users:upsert', [{ user_id: 'u', namespace: 'blog' }]],
      [
        '/v1/impressions',
        {
          event_id: 'i',
          namespace: 'blog',
          user_id: 'u',
          surface: 'home',
          request_id: 'r',
          items: [{ item_id: 'i', position: 1 }],
        },
      ],
    ] as const) {
      const answer = await post(path, body);
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'namespace_forbidden']);
    }
    const whole = await post('/v1/events:batch?partial=false', [click('1'), event]);
    expect([whole.status, whole.body.code]).toEqual([403, 'namespace_forbidden']);
    expect((await post('/v1/events', click('1'))).body.status).toBe('accepted');
  });

  it('reads and deletes rows of its own alone', async () => {
    const { call, found } = await start(ofShop);
    for (const method of ['GET', 'DELETE']) {
      const answer = await call(method, '/v1/items/i?namespace=blog');
      expect([method, answer.status, answer.body.code]).toEqual([method, 403, 'namespace_forbidden']);
    }
    await call('GET', '/v1/users/u');
    expect(found).toEqual(['user|shop|u']);
    expect((await call('DELETE', '/v1/items/i?revision=1')).status).toBe(202);
  });

  it('takes nothing from the rate of others', async () => {
    const { post } = await start(ofShop, { blog: 1 });
    const events = [click('1'), click('2', { namespace: 'blog' })];
    for (let sent = 0; sent < 3; sent += 1) expect((await post('/v1/events:batch', { events })).status).toBe(202);
    const twoNames = await start(ofBoth, { blog: 1 });
    expect((await twoNames.post('/v1/events', click('1', { namespace: 'blog' }))).status).toBe(202);
    expect((await twoNames.post('/v1/events', click('2', { namespace: 'blog' }))).status).toBe(429);
  });
});

describe('a key of several namespaces', () => {
  it('may not use the default one unless that is among them', async () => {
    const { post } = await start(ofBoth);
    expect((await post('/v1/events', click('1'))).body.code).toBe('namespace_forbidden');
    expect((await post('/v1/events', click('1', { namespace: 'blog' }))).body.status).toBe('accepted');
  });
});

describe('a user', () => {
  it('sends events of its own alone', async () => {
    const { post } = await start(user);
    const events = [click('1'), click('2', { user_id: 'other' }), click('3', { user_id: '' })];
    const { status, body } = await post('/v1/events:batch', { events });
    expect([status, codes(body)]).toEqual([202, ['accepted', 'user_forbidden', 'user_forbidden']]);
    const slate = {
      event_id: 's',
      user_id: 'other',
      surface: 'home',
      request_id: 'r',
      items: [{ item_id: 'i', position: 1 }],
    };
    const answer = await post('/v1/impressions', slate);
    expect([answer.status, answer.body.code, answer.body.path]).toEqual([403, 'user_forbidden', '$.user_id']);
    expect((await post('/v1/impressions', { ...slate, user_id: 'u' })).status).toBe(202);
    expect((await post('/log/watch', click('4', { type: 'watch', value: 3 }))).body.status).toBe('accepted');
  });

  it('cannot stop a namespace by rows that are refused', async () => {
    const { post } = await start({ ...user, maxEventsPerSecond: 1_000 }, { shop: 1 });
    const rubbish = Array.from({ length: 1_000 }, () => ({}));
    expect((await post('/log/batch', { events: rubbish })).status).toBe(422);
    const others = Array.from({ length: 1_000 }, (_, index) => click(`o${index}`, { user_id: 'other' }));
    expect((await post('/v1/events:batch', others)).body.code).toBe('user_forbidden');
    expect((await post('/v1/events:batch?partial=false', [click('1'), {}])).body.code).toBe('user_forbidden');
    const mixed = await post('/v1/events:batch', [click('1'), ...others.slice(0, 100)]);
    expect([mixed.status, codes(mixed.body)[0]]).toEqual([202, 'accepted']);
    expect((await post('/v1/events', click('2'))).body.code).toBe('rate_limited');
  });

  it('sends no more events at once than are its own, fit or not', async () => {
    const { post } = await start({ ...user, maxEventsPerSecond: 2 });
    const rows = (count: number) => Array.from({ length: count }, () => ({}));
    const tooMany = await post('/v1/events:batch', rows(11));
    expect([tooMany.status, tooMany.body.code, tooMany.body.limit]).toEqual([413, 'batch_too_large', 10]);
    expect((await post('/v1/events:batch', rows(10))).status).toBe(422);
    const limited = await post('/v1/events:batch', rows(10));
    expect([limited.status, limited.body.code, limited.body.limit]).toEqual([429, 'rate_limited', 2]);
  });
});

it('where nobody is asked everything may be sent', async () => {
  const { post } = await start(anyCaller);
  expect((await post('/v1/events', click('1', { namespace: 'any' }))).status).toBe(202);
});
