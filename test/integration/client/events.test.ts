import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFreshetClient, type FreshetClient } from '../../../serving/client/create-client.ts';
import type { ClientOptions } from '../../../serving/client/options.ts';
import { createManualEnvironment, createMockServer, createNotes } from '../../support/client-rig.ts';
import { eventually } from '../../support/eventually.ts';

let server: Awaited<ReturnType<typeof createMockServer>>;
let clock: ReturnType<typeof createManualEnvironment>;
let notes: ReturnType<typeof createNotes>;

beforeEach(async () => {
  server = await createMockServer();
  clock = createManualEnvironment();
  notes = createNotes();
});
afterEach(() => server.close());

const open = (options: Partial<ClientOptions> = {}): FreshetClient =>
  createFreshetClient({ baseUrl: server.url, environment: clock.environment, ...notes.options, ...options });
const view = (item_id: string) => ({ user_id: 'u-1', item_id, type: 'view' as const });
const idsOf = (at: number) => server.asked[at]?.body.events?.map(({ event_id }) => event_id);
const asked = (count: number) => eventually(() => expect(server.asked).toHaveLength(count));
const settled = (client: FreshetClient) => eventually(() => expect(client.pending).toBe(0));

describe('events', () => {
  it('are sent when the oldest has waited, in one request, as of when they happened', async () => {
    const client = open({ namespace: 'shop', sessionId: 's-1' });
    client.track(view('a'));
    clock.advance(1_999);
    client.trackImpression({ user_id: 'u-1', items: [{ item_id: 'a', position: 1 }] });
    expect(server.asked).toEqual([]);
    clock.advance(1);
    await settled(client);
    expect(server.asked).toHaveLength(1);
    const then = clock.now() - 2_000;
    const common = { user_id: 'u-1', namespace: 'shop', session_id: 's-1' };
    expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/log/batch' });
    expect(server.asked[0]?.body).toEqual({
      events: [{ ...common, event_id: 'made-1', item_id: 'a', type: 'view', occurred_at: then }],
      impressions: [
        { ...common, event_id: 'made-2', items: [{ item_id: 'a', position: 1 }], occurred_at: then + 1_999 },
      ],
    });
  });

  it('are sent at once when a batch is full, by count and by bytes', async () => {
    const byCount = open({ batch: { count: 2 } });
    byCount.track(view('a'));
    byCount.track(view('b'));
    await settled(byCount);
    expect(idsOf(0)).toEqual(['made-1', 'made-2']);
    const byBytes = open({ batch: { bytes: 150 } });
    byBytes.track(view('c'));
    byBytes.track(view('d'));
    await settled(byBytes);
    expect(server.asked.slice(1).map(({ body }) => body.events?.length)).toEqual([1, 1]);
  });

  it('keep their id over every attempt, and count once for the client, too', async () => {
    server.reply('cut', { status: 503 }, { status: 500 });
    const client = open({ batch: { count: 1 } });
    client.track({ ...view('a'), event_id: 'mine' });
    client.track({ ...view('a'), event_id: 'mine' });
    for (const count of [1, 2, 3]) {
      await eventually(() => expect(notes.retries).toHaveLength(count));
      clock.advance(notes.retries[count - 1]?.waitMs ?? 0);
    }
    await settled(client);
    expect(server.asked.map((_, at) => idsOf(at))).toEqual([['mine'], ['mine'], ['mine'], ['mine']]);
    expect(notes.retries.map(({ error, waitMs }) => [error.code, error.status, waitMs])).toEqual([
      ['network', undefined, 100],
      ['unexpected_answer', 503, 200],
      ['unexpected_answer', 500, 400],
    ]);
  });

  it('wait as long as the server asks, seconds or a date', async () => {
    const date = new Date(clock.now() + 90_000).toUTCString();
    server.reply({ status: 429, headers: { 'retry-after': '7' }, body: { code: 'rate_limited', detail: 'too many' } });
    server.reply({ status: 503, headers: { 'retry-after': date } });
    const client = open({ batch: { count: 1 } });
    client.track(view('a'));
    await eventually(() => expect(notes.retries).toHaveLength(1));
    expect(notes.retries[0]).toMatchObject({ waitMs: 7_000, error: { code: 'rate_limited', status: 429 } });
    clock.advance(6_999);
    expect(server.asked).toHaveLength(1);
    clock.advance(1);
    await eventually(() => expect(notes.retries).toHaveLength(2));
    expect(notes.retries[1]?.waitMs).toBe(83_000);
    clock.advance(83_000);
    await settled(client);
    expect(notes.dropped).toEqual([]);
  });

  it('that the server refuses are told of and never sent again', async () => {
    const error = { code: 'too_old', path: '$.events[1].occurred_at', message: 'is too old' };
    const results = [
      { event_id: 'made-1', status: 'accepted' },
      { event_id: 'made-2', status: 'rejected', error },
    ];
    server.reply({ status: 202, body: { events: results } });
    const client = open({ batch: { count: 2 } });
    client.track(view('a'));
    client.track(view('b'));
    await settled(client);
    expect(notes.rejected).toMatchObject([{ error, tracked: { event: { event_id: 'made-2' } } }]);
    expect(server.asked).toHaveLength(1);
  });

  it('that are all refused get each its own fault', async () => {
    const errors = [0, 1].map((at) => ({ code: 'required', path: `$.events[${at}].item_id`, message: 'is required' }));
    server.reply({ status: 422, body: { code: 'required', detail: 'nothing was stored', errors, request_id: 'r-1' } });
    const client = open({ batch: { count: 2 } });
    client.track({ user_id: 'u', type: 'view' });
    client.track({ user_id: 'u', type: 'like' });
    await settled(client);
    expect(notes.rejected.map(({ error, requestId }) => [error.path, requestId])).toEqual([
      ['$.events[0].item_id', 'r-1'],
      ['$.events[1].item_id', 'r-1'],
    ]);
  });

  it.each([403, 404, 415])('are not repeated after %d', async (status) => {
    server.reply({ status, body: { code: 'no', detail: 'no' } });
    const client = open({ batch: { count: 1 } });
    client.track(view('a'));
    await settled(client);
    expect(notes.rejected).toMatchObject([{ error: { code: 'no', message: 'no' } }]);
    expect([server.asked.length, notes.retries]).toEqual([1, []]);
  });

  it('that are too much together are sent in parts', async () => {
    server.reply({ status: 413, body: { code: 'body_too_large', detail: 'too large' } });
    const client = open({ batch: { count: 3 } });
    for (const id of ['a', 'b', 'c']) client.track(view(id));
    await settled(client);
    expect(server.asked.map((_, at) => idsOf(at)?.length)).toEqual([3, 2, 1]);
    expect(notes.rejected).toEqual([]);
  });

  it('are sent with the key or a token that is asked for each time', async () => {
    const tokens = ['t-1', 't-2'];
    const client = open({ batch: { count: 1 }, apiKey: 'k', token: async () => tokens.shift() ?? '' });
    client.track(view('a'));
    await settled(client);
    client.track(view('b'));
    await settled(client);
    const headers = server.asked.map(({ headers: given }) => [given['x-api-key'], given.authorization]);
    expect(headers).toEqual([
      ['k', 'Bearer t-1'],
      ['k', 'Bearer t-2'],
    ]);
  });
});

describe('while the server is away', () => {
  it('events are kept in order and all are sent when it is back', async () => {
    server.reply('cut', 'cut');
    const client = open({ batch: { count: 2 } });
    for (const id of ['a', 'b', 'c']) client.track(view(id));
    await eventually(() => expect(notes.retries).toHaveLength(1));
    client.track(view('d'));
    clock.advance(100);
    await eventually(() => expect(notes.retries).toHaveLength(2));
    expect(client.pending).toBe(4);
    clock.advance(200);
    await settled(client);
    expect([idsOf(2), idsOf(3)]).toEqual([
      ['made-1', 'made-2'],
      ['made-3', 'made-4'],
    ]);
  });

  it('the oldest are dropped beyond the buffer and told of, but none that is on its way', async () => {
    server.reply('hang');
    const client = open({ batch: { count: 1 }, buffer: { count: 3 } });
    client.track(view('a'));
    await asked(1);
    for (const id of ['b', 'c', 'd', 'e']) client.track(view(id));
    expect(notes.dropped).toEqual([
      { id: 'made-2', reason: 'buffer_full' },
      { id: 'made-3', reason: 'buffer_full' },
    ]);
    clock.advance(5_000);
    await eventually(() => expect(notes.retries).toMatchObject([{ error: { code: 'timeout' } }]));
    clock.advance(100);
    await settled(client);
    expect(server.asked.slice(1).map((_, at) => idsOf(at + 1))).toEqual([['made-1'], ['made-4'], ['made-5']]);
  });

  it('the buffer is bounded by bytes, and what is larger than all of it is dropped at once', () => {
    const client = open({ buffer: { bytes: 250 } });
    client.track({ ...view('a'), properties: { text: 'x'.repeat(300) } });
    client.track(view('b'));
    client.track(view('c'));
    client.track(view('d'));
    expect(notes.dropped).toEqual([
      { id: 'made-1', reason: 'too_large' },
      { id: 'made-2', reason: 'buffer_full' },
    ]);
    expect(client.pending).toBe(2);
  });
});

describe('flush and close', () => {
  it('flush sends what waits and resolves when it was answered', async () => {
    const client = open();
    client.track(view('a'));
    await client.flush();
    expect([client.pending, server.asked.length]).toEqual([0, 1]);
    await client.flush();
    expect(server.asked).toHaveLength(1);
  });

  it('flush rejects when the server stays away, and keeps the events', async () => {
    server.reply('cut', 'cut', 'cut');
    const client = open();
    client.track(view('a'));
    const flushed = client.flush();
    const failed = expect(flushed).rejects.toMatchObject({ code: 'network', status: undefined });
    for (const count of [1, 2, 3]) {
      await eventually(() => expect(notes.retries).toHaveLength(count));
      clock.advance(1_000);
    }
    await failed;
    expect(client.pending).toBe(0 + 1);
  });

  it('close sends what it can, and tells of the rest', async () => {
    server.reply({ status: 503, headers: { 'retry-after': '3600' } });
    const client = open();
    client.track(view('a'));
    await client.close();
    expect(notes.dropped).toEqual([{ id: 'made-1', reason: 'closed' }]);
    client.track(view('b'));
    expect(notes.dropped[1]).toEqual({ id: 'made-2', reason: 'closed' });
    expect([server.asked.length, clock.waits()]).toEqual([1, []]);
  });
});

describe('a page that goes', () => {
  it('sends what waits so that it outlives the page, once', async () => {
    const kept: (boolean | undefined)[] = [];
    const client = open({
      fetch: (input, init) => {
        kept.push(init?.keepalive);
        return fetch(input, init);
      },
    });
    client.track(view('a'));
    clock.hide();
    clock.hide();
    await settled(client);
    expect([kept, idsOf(0)]).toEqual([[true], ['made-1']]);
    clock.advance(2_000);
    expect(server.asked).toHaveLength(1);
  });

  it('sends again what is on its way, under the same id', async () => {
    server.reply('hang');
    const client = open({ batch: { count: 1 } });
    client.track(view('a'));
    await asked(1);
    clock.hide();
    await settled(client);
    expect([idsOf(0), idsOf(1)]).toEqual([['made-1'], ['made-1']]);
  });

  it('and stays after all sends what did not arrive as ever', async () => {
    server.reply('cut');
    const client = open();
    client.track(view('a'));
    clock.hide();
    await asked(1);
    await eventually(() => expect(clock.waits()).toEqual([2_000]));
    clock.advance(2_000);
    await settled(client);
    expect(idsOf(1)).toEqual(['made-1']);
  });
});
