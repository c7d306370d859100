import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import type { InteractionRecorded } from '../../../schemas/generated/interaction-recorded.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import { createTestCodec, type IngestHarness, startIngest } from '../../support/ingest-harness.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let db: Database;
let ingest: IngestHarness;
let count = 0;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'ingest-http' });
  const postgresUrl = workspace.config.FRESHET_POSTGRES_URL;
  db = openDatabase({ url: postgresUrl, onIdleError: () => undefined });
  ingest = await startIngest({ postgresUrl });
});

afterAll(async () => {
  await ingest.close();
  await db.close();
  await workspace.close();
});

const freshId = () => {
  count += 1;
  return `e-${count}`;
};
const click = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  event_id: freshId(),
  user_id: 'u',
  item_id: 'i',
  type: 'click',
  ...over,
});
const clicks = (howMany: number) => Array.from({ length: howMany }, () => click());

/** Outbox rows of these event ids, in order. */
async function stored(eventIds: readonly unknown[]) {
  return db.query<{ topic: string; key: Buffer; event_id: string; payload: Buffer; occurred_at: number }>({
    text: 'SELECT topic, key, event_id, payload, occurred_at FROM outbox WHERE event_id = ANY ($1) ORDER BY seq',
    values: [eventIds],
  });
}

interface Answer {
  readonly results?: {
    event_id: string | null;
    status: string;
    received_at?: number;
    error?: { code: string; path: string };
  }[];
  readonly code?: string;
  readonly path?: string;
  readonly limit?: number;
  readonly [name: string]: unknown;
}

async function post(path: string, body: unknown, headers?: Record<string, string>) {
  const response = await ingest.post(path, body, headers);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer };
}

describe('a batch', () => {
  it('is answered event by event, in order, and stored in that order', async () => {
    const events = clicks(100);
    const { status, body } = await post('/v1/events:batch', { events });
    expect(status).toBe(202);
    expect(body.results?.map(({ event_id, status }) => [event_id, status])).toEqual(
      events.map(({ event_id }) => [event_id, 'accepted']),
    );
    const rows = await stored(events.map(({ event_id }) => event_id));
    expect(rows.map(({ event_id }) => event_id)).toEqual(events.map(({ event_id }) => event_id));
  });

  it('is published as the record its schema describes', async () => {
    const event = click({ namespace: 'shop', occurred_at: Date.now() - 1_000, context: { surface: 'home' } });
    const { body } = await post('/v1/events:batch', [event]);
    const [row] = await stored([event.event_id]);
    const read = await createTestCodec()
      .reader(topics.interactionRecorded)
      .read(row?.payload as Buffer);
    expect(row).toMatchObject({ topic: topics.interactionRecorded.name, occurred_at: event.occurred_at });
    expect(row?.key.toString()).toBe('shop|u');
    expect(read.ok && (read.value as InteractionRecorded)).toMatchObject({
      eventId: event.event_id,
      namespace: 'shop',
      receivedAt: body.results?.[0]?.received_at,
      context: { surface: 'home' },
    });
  });

  it('with one bad event among 999 good ones loses that one', async () => {
    const events: Record<string, unknown>[] = clicks(1_000);
    events[499] = click({ user_id: '' });
    const { status, body } = await post('/v1/events:batch', { events });
    expect(status).toBe(202);
    expect(body.results?.filter((one) => one.status === 'accepted')).toHaveLength(999);
    expect(body.results?.[499]).toMatchObject({
      event_id: events[499].event_id,
      status: 'rejected',
      error: { code: 'too_short', path: '$.events[499].user_id' },
    });
    expect(await stored(events.map(({ event_id }) => event_id))).toHaveLength(999);
  });

  it('with partial=false and one bad event stores nothing', async () => {
    const events = [click(), click({ type: 'hover' })];
    for (const [path, body] of [
      ['/v1/events:batch?partial=false', { events }],
      ['/v1/events:batch', { events, partial: false }],
    ] as const) {
      const answer = await post(path, body);
      expect(answer).toMatchObject({ status: 422, body: { code: 'unknown_type', path: '$.events[1].type' } });
    }
    expect(await stored(events.map(({ event_id }) => event_id))).toEqual([]);
    expect((await post('/v1/events:batch?partial=false', { events: events.slice(0, 1) })).status).toBe(202);
  });

  it('with an event twice is refused whole', async () => {
    const event = click();
    const answer = await post('/v1/events:batch', { events: [click(), event, { ...event, item_id: 'other' }] });
    expect(answer).toMatchObject({ status: 400, body: { code: 'duplicate_in_batch', path: '$.events[2].event_id' } });
    expect(await stored([event.event_id])).toEqual([]);
  });

  it('with the same event id in two namespaces has two events', async () => {
    const event = click();
    const { body } = await post('/v1/events:batch', [event, { ...event, namespace: 'other' }]);
    expect(body.results?.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
  });

  it('with events that came before names them duplicates, without a time of receipt', async () => {
    const event = click();
    await post('/v1/events:batch', [event]);
    const { status, body } = await post('/v1/events:batch', [event, click()]);
    expect(status).toBe(202);
    expect(body.results?.map((one) => [one.status, 'received_at' in one])).toEqual([
      ['duplicate', false],
      ['accepted', true],
    ]);
    expect(await stored([event.event_id])).toHaveLength(1);
  });

  it('sent many times at once is stored once', async () => {
    const events = clicks(200);
    const shuffled = Array.from({ length: 12 }, (_, i) => (i % 2 ? events : [...events].reverse()));
    const answers = await Promise.all(shuffled.map((batch) => post('/v1/events:batch', batch)));
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(202));
    const statuses = answers.flatMap(({ body }) => body.results?.map(({ status }) => status) ?? []);
    expect(statuses.filter((status) => status === 'accepted')).toHaveLength(200);
    expect(statuses.filter((status) => status === 'duplicate')).toHaveLength(2_200);
    expect(await stored(events.map(({ event_id }) => event_id))).toHaveLength(200);
  });
});

describe('a request that cannot be taken', () => {
  const json = 'application/json';
  const raw: [string, string, string, number, string][] = [
    ['not JSON', '{"events": [', json, 400, 'malformed_json'],
    ['no body', '', json, 400, 'malformed_json'],
    ['a number', '3', json, 400, 'malformed_batch'],
    ['an object without events', '{"event": []}', json, 400, 'malformed_batch'],
    ['events that are no list', '{"events": {}}', json, 400, 'wrong_type'],
    ['no event', '{"events": []}', json, 400, 'too_few'],
    ['fields beside events', '{"events": [{}], "mode": 1}', json, 400, 'unknown_field'],
    ['partial as text', '{"events": [{}], "partial": "no"}', json, 400, 'wrong_type'],
    ['another media type', '{"events": [{}]}', 'text/plain', 415, 'unsupported_media_type'],
    ['another charset', '{"events": [{}]}', 'application/json; charset=latin1', 415, 'unsupported_media_type'],
    ['an event that is a number', '{"events": [3]}', json, 422, 'wrong_type'],
    ['300,000 lists in one another', `${'['.repeat(300_000)}${']'.repeat(300_000)}`, json, 400, 'too_deep'],
  ];
  it.each(raw)('for %s', async (...[, body, type, status, code]) => {
    const answer = await post('/v1/events:batch', body, { 'content-type': type });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'));
  });

  const events: [string, Record<string, unknown>, string, string][] = [
    ['an empty event id', { event_id: '' }, 'too_short', 'event_id'],
    ['an over-long event id', { event_id: 'x'.repeat(65) }, 'too_long', 'event_id'],
    ['NUL in an id', { item_id: 'a\u0000' }, 'malformed_text', 'item_id'],
    ['a lone surrogate in an id', { item_id: 'a\udc00' }, 'malformed_text', 'item_id'],
    ['| in the namespace', { namespace: 'a|b' }, 'invalid_format', 'namespace'],
    ['a wrong type', { user_id: 5 }, 'wrong_type', 'user_id'],
    ['an unknown type', { type: 'hover' }, 'unknown_type', 'type'],
    ['a missing key', { type: 'add' }, 'required', 'value'],
    ['an event that is too old', { occurred_at: '2001-01-01T00:00:00Z' }, 'too_old', 'occurred_at'],
    ['an event from the future', { occurred_at: '2999-01-01T00:00:00Z' }, 'in_future', 'occurred_at'],
    ['milliseconds as seconds', { occurred_at: 1e10 }, 'in_future', 'occurred_at'],
    ['a numeric string', { occurred_at: '1768478400' }, 'timestamp_ambiguous', 'occurred_at'],
    ['an e-mail address', { properties: { mail: 'jo@example.org' } }, 'pii_suspected', 'properties.mail'],
  ];
  it.each(events)('for %s', async (_, over, code, field) => {
    const answer = await post('/v1/events', click(over));
    expect(answer).toMatchObject({ status: 422, body: { code, path: `$.${field}` } });
    expect(JSON.stringify(answer.body)).not.toContain('jo@example.org');
  });

  it('for 1,001 events', async () => {
    const answer = await post('/v1/events:batch', { events: clicks(1_001) });
    expect(answer).toMatchObject({ status: 413, body: { code: 'batch_too_large', limit: 1_000 } });
  });

  it('for a body of 2 MiB, and the connection is good for another request', async () => {
    const answer = await post('/v1/events:batch', `{"events": "${'x'.repeat(2 * 1_048_576)}"}`);
    expect(answer).toMatchObject({ status: 413, body: { code: 'body_too_large', limit: 1_048_576 } });
    expect((await post('/v1/events', click())).status).toBe(202);
  });

  it('for a body of 2 MiB that does not say so', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'content-type': json, 'transfer-encoding': 'chunked' };
      const call = request(`${ingest.url}/v1/events:batch`, { method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.on('error', reject);
      for (let i = 0; i < 32; i += 1) call.write('x'.repeat(65_536));
      call.end();
    });
    expect(status).toBe(413);
  });

  it('for a compressed body', async () => {
    const answer = await post('/v1/events:batch', '[]', { 'content-encoding': 'gzip' });
    expect([answer.status, answer.body.code]).toEqual([415, 'unsupported_encoding']);
  });
});

describe('request ids', () => {
  it('are accepted where they are well formed', async () => {
    const given = { 'x-request-id': 'req-1', 'x-correlation-id': 'corr-1' };
    const { headers } = await post('/v1/events', click(), given);
    expect([headers.get('x-request-id'), headers.get('x-correlation-id')]).toEqual(['req-1', 'corr-1']);
  });

  it('are made where they are not', async () => {
    const { headers } = await post('/v1/events', '{', { 'x-request-id': 'a b"' });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('x-correlation-id')).toBe(headers.get('x-request-id'));
  });
});

describe('other doors', () => {
  it('take one event as /v1/events and as /event', async () => {
    for (const path of ['/v1/events', '/event']) {
      const event = click();
      const first = await post(path, event);
      expect(first).toMatchObject({ status: 202, body: { event_id: event.event_id, status: 'accepted' } });
      expect((await post(path, event)).body).toEqual({ event_id: event.event_id, status: 'duplicate' });
    }
  });

  it('take a watch without a type, and no other type', async () => {
    const watch = { event_id: freshId(), user_id: 'u', item_id: 'i', value: 12 };
    expect((await post('/log/watch', watch)).body.status).toBe('accepted');
    expect((await post('/log/watch', click())).body).toMatchObject({ code: 'conflicting_fields', path: '$.type' });
  });

  it('take a slate, a batch of slates, and refuse equal positions', async () => {
    const slate = (position = 2) => ({
      event_id: freshId(),
      user_id: 'u',
      items: [
        { item_id: 'a', position: 1 },
        { item_id: 'b', position },
      ],
    });
    expect((await post('/v1/impressions', slate())).body.status).toBe('accepted');
    expect((await post('/log/impression', slate())).body.status).toBe('accepted');
    const { body } = await post('/v1/impressions', { impressions: [slate(), slate(1)] });
    expect(body.results?.[0]?.status).toBe('accepted');
    expect(body.results?.[1]?.error).toMatchObject({
      code: 'duplicate_position',
      path: '$.impressions[1].items[1].position',
    });
  });

  it('take impressions, watches and events together', async () => {
    const body = {
      impressions: [{ event_id: freshId(), user_id: 'u', items: [{ item_id: 'a', position: 1 }] }],
      watches: [{ event_id: freshId(), user_id: 'u', item_id: 'a', value: 3 }, { event_id: freshId() }],
      events: [click()],
    };
    const answer = await post('/log/batch', body);
    const statuses = (name: string) => (answer.body[name] as { status: string }[]).map(({ status }) => status);
    expect(answer.status).toBe(202);
    expect([statuses('impressions'), statuses('watches'), statuses('events')]).toEqual([
      ['accepted'],
      ['accepted', 'rejected'],
      ['accepted'],
    ]);
  });
});

describe('what serving is told of', () => {
  it('is each accepted interaction with an item, unless consent is none', async () => {
    const user_id = freshId();
    const events = [
      click({ user_id, item_id: 'a' }),
      click({ user_id, item_id: 'b', consent: 'functional' }),
      click({ user_id, item_id: 'c', consent: 'none' }),
      click({ user_id, item_id: 'd', type: 'custom' }),
      click({ user_id, item_id: 'e', type: 'view', context: { widget: 'carousel', surface: 'home' } }),
      click({ user_id, item_id: 'f', type: 'hover' }),
    ];
    await post('/v1/events:batch', events);
    await post('/v1/events:batch', events);
    const told = ingest.recent.filter(({ userId }) => userId === user_id);
    expect(told.map(({ itemId }) => itemId)).toEqual(['a', 'b']);
    expect(ingest.signals()).toBeGreaterThan(0);
  });

  it('is there before the answer, so that the next list knows of it', async () => {
    const told = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const append = () => {
      told.resolve();
      return written.promise;
    };
    const slow = await startIngest({ postgresUrl: workspace.config.FRESHET_POSTGRES_URL, recent: { append } });
    try {
      let isAnswered = false;
      const answer = slow.post('/v1/events', click()).finally(() => {
        isAnswered = true;
      });
      await told.promise;
      expect((await fetch(`${slow.url}/v1/items/any`)).status).toBe(404);
      expect(isAnswered).toBe(false);
      written.resolve();
      expect((await answer).status).toBe(202);
    } finally {
      written.resolve();
      await slow.close();
    }
  });
});
