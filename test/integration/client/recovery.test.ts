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
const settled = (client: FreshetClient) => eventually(() => expect(client.pending).toBe(0));
const retried = (count: number) => eventually(() => expect(notes.retries).toHaveLength(count));

describe('a request that was refused for now', () => {
  it('for a stale token costs no event: another token is asked for', async () => {
    const tokens = ['stale', 'stale', 'fresh', 'fresh'];
    const refused = { status: 401, body: { code: 'token_expired', detail: 'the token is too old' } };
    server.reply(refused, refused);
    const client = open({ batch: { count: 2 }, token: () => tokens.shift() ?? '' });
    for (const id of ['a', 'b', 'c']) client.track(view(id));
    await retried(1);
    expect([server.asked.length, client.pending, notes.retries[0]?.waitMs]).toEqual([1, 3, 100]);
    clock.advance(100);
    await retried(2);
    clock.advance(200);
    await settled(client);
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(
      ['stale', 'stale', 'fresh', 'fresh'].map((token) => `Bearer ${token}`),
    );
    expect([idsOf(2), idsOf(3), notes.rejected]).toEqual([['made-1', 'made-2'], ['made-3'], []]);
  });

  it.each([401, 408, 425])('is repeated by flush after %d', async (status) => {
    server.reply({ status });
    const client = open();
    client.track(view('a'));
    const flushed = client.flush();
    await eventually(() => expect(clock.waits()).toContain(100));
    clock.advance(100);
    await flushed;
    expect([idsOf(0), idsOf(1), client.pending, notes.rejected]).toEqual([['made-1'], ['made-1'], 0, []]);
  });
});

describe('a token that never comes', () => {
  const never = () => new Promise<string>(() => undefined);

  it('is not waited for longer than an answer, and the events are sent with the next', async () => {
    let asked = 0;
    const client = open({ batch: { count: 1 }, token: () => (++asked === 1 ? never() : 'second') });
    client.track(view('a'));
    await eventually(() => expect(asked).toBe(1));
    clock.advance(5_000);
    await retried(1);
    expect([notes.retries[0]?.error.code, server.asked.length]).toEqual(['timeout', 0]);
    clock.advance(100);
    await settled(client);
    expect(server.asked[0]?.headers.authorization).toBe('Bearer second');
  });

  it('is given up when the caller gives the list up', async () => {
    const stop = new AbortController();
    const list = open({ token: never }).recommendations('u', { signal: stop.signal });
    const given = expect(list).rejects.toMatchObject({ code: 'aborted' });
    stop.abort();
    await given;
    expect(clock.waits()).toEqual([]);
  });

  it('does not keep a client from closing', async () => {
    const client = open({ attempts: 1, token: never });
    client.track(view('a'));
    const closed = client.close();
    clock.advance(5_000);
    await closed;
    expect(notes.dropped).toEqual([{ id: 'made-1', reason: 'closed' }]);
  });
});

describe('a device whose clock is ahead', () => {
  const hourMs = 3_600_000;
  const error = { code: 'in_future', path: '$.events[0].occurred_at', message: 'is ahead of the server' };
  /** What a server answers whose clock is an hour behind the device's. */
  const refused = (headers: Record<string, string> = { date: new Date(clock.now() - hourMs).toUTCString() }) => ({
    ...{ status: 422, headers, body: { code: 'in_future', detail: 'nothing was stored', errors: [error] } },
  });
  const timesOf = (at: number) => server.asked[at]?.body.events?.map(({ occurred_at }) => occurred_at);

  it('loses no event: its time is put right and told once more, the age kept', async () => {
    const taken = clock.now();
    const client = open();
    client.track(view('a'));
    clock.advance(2_000 - 1);
    client.trackImpression({ user_id: 'u-1', items: [{ item_id: 'a', position: 1 }] });
    server.reply({
      status: 202,
      headers: { date: new Date(taken + 2_000 - hourMs).toUTCString() },
      body: { events: [{ status: 'rejected', error }], impressions: [{ status: 'rejected', error }] },
    });
    clock.advance(1);
    await settled(client);
    expect([timesOf(0), timesOf(1), idsOf(1)]).toEqual([[taken], [taken - hourMs], ['made-1']]);
    expect(server.asked[1]?.body.impressions).toMatchObject([{ occurred_at: taken + 1_999 - hourMs }]);
    expect([server.asked.length, notes.rejected]).toEqual([2, []]);
  });

  it('is told the server’s time from then on', async () => {
    const client = open({ batch: { count: 1 } });
    server.reply(refused());
    client.track(view('a'));
    await settled(client);
    client.track(view('b'));
    await settled(client);
    const right = [clock.now() - hourMs];
    expect([timesOf(1), timesOf(2), server.asked.length]).toEqual([right, right, 3]);
  });

  it('leaves the time to the server where a browser hides the answer’s date', async () => {
    const client = open({ batch: { count: 1 } });
    server.reply(refused({}));
    client.track(view('a'));
    await settled(client);
    expect([timesOf(1), notes.rejected]).toEqual([[null], []]);
  });

  it('is told no more than once more, and not at all of a time that the caller gave', async () => {
    const client = open({ batch: { count: 1 } });
    server.reply(refused(), refused(), refused());
    client.track(view('a'));
    await settled(client);
    client.track({ ...view('b'), occurred_at: clock.now() });
    await settled(client);
    expect([idsOf(0), idsOf(1), idsOf(2)]).toEqual([['made-1'], ['made-1'], ['made-2']]);
    expect(notes.rejected.map(({ tracked, error: { code } }) => [tracked.event.event_id, code])).toEqual([
      ['made-1', 'in_future'],
      ['made-2', 'in_future'],
    ]);
  });
});

describe('a wait that no timer can keep', () => {
  it.each(['2147483', '99999999999', new Date(Date.UTC(2099, 0, 1)).toUTCString()])(
    'is an hour at most: Retry-After %s',
    async (after) => {
      server.reply({ status: 503, headers: { 'retry-after': after } });
      const client = open({ batch: { count: 1 } });
      client.track(view('a'));
      await retried(1);
      expect([notes.retries[0]?.waitMs, clock.waits()]).toEqual([3_600_000, [3_600_000]]);
      clock.advance(3_600_000);
      await settled(client);
    },
  );

  it('is an hour at most where the options say more', async () => {
    server.reply('cut');
    const client = open({ batch: { count: 1 }, backoff: { baseMs: 1e12, maxMs: 1e12 } });
    client.track(view('a'));
    await retried(1);
    expect(notes.retries[0]?.waitMs).toBe(1_800_000);
  });
});

describe('a fault of the caller’s', () => {
  const fault = new Error('a fault in a callback');
  const faults: unknown[] = [];
  const fail = () => {
    throw fault;
  };
  const reporting = () => ({ ...clock.environment, report: (one: unknown) => void faults.push(one) });
  beforeEach(() => void faults.splice(0));

  it('in onRejected is reported, and every member that was answered leaves', async () => {
    const error = { code: 'required', path: '$', message: 'is required' };
    const rejected = { status: 'rejected', error };
    server.reply({ status: 202, body: { events: [rejected, { status: 'accepted' }, rejected] } });
    const pending: number[] = [];
    const client = open({
      batch: { count: 3 },
      environment: reporting(),
      onRejected: () => {
        pending.push(client.pending);
        fail();
      },
    });
    for (const id of ['a', 'b', 'c', 'd']) client.track(view(id));
    await settled(client);
    expect([faults, pending]).toEqual([
      [fault, fault],
      [1, 1],
    ]);
    expect([server.asked.length, idsOf(1)]).toEqual([2, ['made-4']]);
  });

  it('in onRetry is reported, and the events are sent again', async () => {
    server.reply('cut');
    const client = open({ batch: { count: 1 }, environment: reporting(), onRetry: fail });
    client.track(view('a'));
    await eventually(() => expect([faults, clock.waits()]).toEqual([[fault], [100]]));
    clock.advance(100);
    await settled(client);
  });

  it('in onDrop is reported, and comes to nobody who tracks or closes', async () => {
    const client = open({ buffer: { count: 1 }, environment: reporting(), onDrop: fail });
    client.track(view('a'));
    expect(client.track(view('b'))).toBe('made-2');
    await client.close();
    client.track(view('c'));
    expect([faults, idsOf(0)]).toEqual([[fault, fault], ['made-2']]);
  });
});

describe('an answer that is none of the server’s', () => {
  it.each([
    ['null', 'null'],
    ['a list', '[]'],
    ['a page', '<html>sign in</html>'],
  ])('costs no event: %s', async (_, text) => {
    server.reply({ status: 200, text });
    const client = open({ batch: { count: 1 } });
    client.track(view('a'));
    await retried(1);
    expect([notes.retries[0]?.error.code, notes.retries[0]?.error.status]).toEqual(['unexpected_answer', 200]);
    clock.advance(100);
    await settled(client);
    expect([idsOf(1), notes.rejected]).toEqual([['made-1'], []]);
  });

  it('is an error for who asked for a list', async () => {
    server.reply({ status: 200, text: 'null' });
    const list = open({ attempts: 1 }).recommendations('u');
    await expect(list).rejects.toMatchObject({ name: 'FreshetRequestError', code: 'unexpected_answer', status: 200 });
  });
});

describe('a second close', () => {
  it('waits for the first', async () => {
    server.reply('hang');
    const client = open({ attempts: 1 });
    client.track(view('a'));
    const first = client.close();
    const ended: string[] = [];
    const second = client.close().then(() => ended.push('second'));
    await eventually(() => expect(server.asked).toHaveLength(1));
    expect(ended).toEqual([]);
    clock.advance(5_000);
    await Promise.all([first, second]);
    expect([ended, notes.dropped]).toEqual([['second'], [{ id: 'made-1', reason: 'closed' }]]);
  });
});
