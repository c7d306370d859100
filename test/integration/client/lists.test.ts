import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFreshetClient } from '../../../serving/client/create-client.ts';
import type { ClientOptions } from '../../../serving/client/options.ts';
import { createManualEnvironment, createMockServer } from '../../support/client-rig.ts';
import { eventually } from '../../support/eventually.ts';

let server: Awaited<ReturnType<typeof createMockServer>>;
let clock: ReturnType<typeof createManualEnvironment>;

beforeEach(async () => {
  server = await createMockServer();
  clock = createManualEnvironment();
});
afterEach(() => server.close());

const open = (options: Partial<ClientOptions> = {}) =>
  createFreshetClient({ baseUrl: `${server.url}/`, environment: clock.environment, ...options });
const list = (requestId: string, ids: readonly string[], next: string | null = null, from = 1) => ({
  status: 200,
  body: {
    request_id: requestId,
    items: ids.map((item_id, index) => ({
      item_id,
      position: from + index,
      score: 1,
      sources: ['popular'],
      reasons: [],
    })),
    next_cursor: next,
    state_version: 4,
  },
});
const paths = () => server.asked.map(({ path }) => path);

describe('lists', () => {
  it('are asked for as the options say', async () => {
    server.reply(list('r-1', ['a']), { status: 200, body: { items: [] } }, list('r-2', ['b']));
    const client = open({ namespace: 'shop' });
    await client.recommendations('a/b €', { surface: 'home', limit: 5, explain: true });
    await client.similar('sku/1', { limit: 3, namespace: 'other' });
    await client.recommend({ user_id: 'u', constraints: { categories: ['shoes'] } });
    expect(paths()).toEqual([
      '/v1/recommendations/a%2Fb%20%E2%82%AC?namespace=shop&surface=home&limit=5&explain=true',
      '/v1/items/sku%2F1/similar?namespace=other&limit=3',
      '/v1/recommendations',
    ]);
    expect(server.asked[2]?.body).toEqual({ namespace: 'shop', user_id: 'u', constraints: { categories: ['shoes'] } });
  });

  it('come page by page until nothing is left', async () => {
    server.reply(list('r-1', ['a'], 'c-1'), list('r-1', ['b'], 'c-2', 2), list('r-1', ['c'], null, 3));
    const seen: string[] = [];
    for await (const { items } of open().pages('u', { limit: 1 })) seen.push(...items.map(({ item_id }) => item_id));
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(paths().slice(1)).toEqual(['c-1', 'c-2'].map((cursor) => `/v1/recommendations/u?limit=1&cursor=${cursor}`));
  });

  it('tell that a cursor is too old', async () => {
    server.reply(list('r-1', ['a'], 'c-1'), { status: 410, body: { code: 'cursor_expired', detail: 'too old' } });
    const pages = open().pages('u');
    await pages.next();
    await expect(pages.next()).rejects.toMatchObject({ code: 'cursor_expired', status: 410, isTransient: false });
    expect(server.asked).toHaveLength(2);
  });

  it('are asked for again while that may help', async () => {
    server.reply('cut', { status: 503, headers: { 'retry-after': '1' } }, list('r-1', ['a']));
    const asked = open().recommendations('u');
    await eventually(() => expect(clock.waits()).toEqual([100]));
    clock.advance(100);
    await eventually(() => expect(clock.waits()).toEqual([1_000]));
    clock.advance(1_000);
    expect(await asked).toMatchObject({ request_id: 'r-1' });
  });

  it('are given up after so many attempts, or where the server asks for more time than a reader has', async () => {
    server.reply({ status: 500, headers: { 'x-request-id': 'r-9' } });
    await expect(open({ attempts: 1 }).recommendations('u')).rejects.toMatchObject({ status: 500, requestId: 'r-9' });
    server.reply({ status: 503, headers: { 'retry-after': '3600' } });
    await expect(open().recommendations('u')).rejects.toMatchObject({ status: 503, retryAfterMs: 3_600_000 });
    expect(server.asked).toHaveLength(2);
  });

  it('are not asked for again after a 4xx, which says what is wrong', async () => {
    const problem = {
      code: 'out_of_range',
      detail: 'query.limit is too high.',
      path: 'query.limit',
      request_id: 'r-2',
    };
    server.reply({
      status: 400,
      body: { ...problem, errors: [{ code: 'out_of_range', path: 'query.limit', message: 'no' }] },
    });
    await expect(open().recommendations('u', { limit: 1_000 })).rejects.toMatchObject({
      ...{ name: 'FreshetRequestError', code: 'out_of_range', status: 400, requestId: 'r-2' },
      ...{ message: 'query.limit is too high.', errors: [{ path: 'query.limit' }] },
    });
    expect(server.asked).toHaveLength(1);
  });

  it('end when the caller or the clock says so', async () => {
    server.reply('hang', 'hang');
    const stop = new AbortController();
    const stopped = expect(open().recommendations('u', { signal: stop.signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    await eventually(() => expect(server.asked).toHaveLength(1));
    stop.abort();
    await stopped;
    const late = expect(open({ attempts: 1 }).recommendations('u')).rejects.toMatchObject({ code: 'timeout' });
    await eventually(() => expect(server.asked).toHaveLength(2));
    clock.advance(5_000);
    await late;
    await expect(open().recommendations('u', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect([server.asked.length, clock.waits()]).toEqual([2, []]);
  });
});

describe('what follows from a list', () => {
  const click = { user_id: 'u', item_id: 'b', type: 'click' as const };
  const sent = () => server.asked.at(-1)?.body.events?.[0];

  it('carries the request id of the list that showed the item, a click its place as well', async () => {
    server.reply(list('r-1', ['a', 'b']));
    const client = open();
    await client.recommendations('u');
    client.track({ ...click, context: { surface: 'home' } });
    await client.flush();
    expect(sent()).toMatchObject({ request_id: 'r-1', context: { surface: 'home', recommended: true, rank: 2 } });
    client.track({ user_id: 'u', item_id: 'a', type: 'purchase', value: 1 });
    await client.flush();
    expect(sent()).toMatchObject({ request_id: 'r-1', type: 'purchase' });
    expect(sent()).not.toHaveProperty('context');
  });

  it('carries nothing of another user’s list, and what the caller says goes first', async () => {
    server.reply(list('r-1', ['b']), list('r-2', ['b']));
    const client = open();
    await client.recommendations('u');
    client.track({ ...click, user_id: 'other' });
    await client.flush();
    expect(sent()).not.toHaveProperty('request_id');
    client.track({ ...click, request_id: 'own' });
    await client.flush();
    expect(sent()).toMatchObject({ request_id: 'own' });
    expect(sent()).not.toHaveProperty('context');
  });

  it('carries nothing of a list of another namespace', async () => {
    server.reply(list('r-1', ['b']), list('r-2', ['b']), list('r-3', ['b']));
    const client = open({ namespace: 'shop' });
    const shown = await client.recommendations('u');
    await client.recommendations('u', { namespace: 'books' });
    await client.recommend({ user_id: 'u', namespace: 'music' });
    client.trackImpression({ user_id: 'u', namespace: 'games', list: { ...shown, request_id: 'r-4' } });
    const namespaces = [undefined, 'books', 'music', 'games', 'films'];
    for (const namespace of namespaces) client.track({ ...click, ...(namespace && { namespace }) });
    await client.flush();
    const ids = server.asked.at(-1)?.body.events?.map(({ request_id }) => request_id);
    expect(ids).toEqual(['r-1', 'r-2', 'r-3', 'r-4', undefined]);
  });

  it('is reported as a slate with the list’s request id, items and state version', async () => {
    server.reply(list('r-1', ['a', 'b']));
    const client = open();
    const shown = await client.recommendations('u');
    client.trackImpression({ user_id: 'u', surface: 'home', list: shown });
    await client.flush();
    expect(server.asked.at(-1)?.body.impressions).toMatchObject([
      {
        ...{ user_id: 'u', surface: 'home', request_id: 'r-1', state_version: 4 },
        items: [
          { item_id: 'a', position: 1, sources: ['popular'] },
          { item_id: 'b', position: 2, sources: ['popular'] },
        ],
      },
    ]);
  });
});
