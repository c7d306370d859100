import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { FreshetError } from '../../../../pipeline/kernel/errors.ts';
import { createMetrics } from '../../../../pipeline/kernel/metrics.ts';
import type { Actor, DeadLetterFilter, StoredDeadLetter } from '../../../../pipeline/stores/dead-letter.ts';
import { deadLetterRoutes } from '../../../../serving/admin/dead-letter-routes.ts';
import type { DeadLetterVerbs, RedriveRequest, RunResult } from '../../../../serving/admin/verbs.ts';
import { composeApp } from '../../../../serving/compose-app.ts';
import { createMeasure } from '../../../../serving/middleware/request-metrics.ts';
import { quietLog, stillClock } from '../../../support/serving-harness.ts';

const at = Date.UTC(2026, 0, 2, 3, 4, 5);
const letter: StoredDeadLetter = {
  stateVersion: 1,
  stage: 'aggregation',
  topic: 'engagement.interaction.enriched.v1',
  partition: 3,
  offset: 17n,
  reason: 'unhandled',
  message: 'boom',
  eventId: 'e1',
  key: Buffer.from('default|u1'),
  value: Buffer.from([1, 2]),
  headers: [{ name: 'x', value: Buffer.from([255]) }],
  writerSchemaId: 4,
  attempt: 2,
  redriveCount: 1,
  firstFailedAt: at,
  lastFailedAt: at,
  appVersion: '1.0.0',
  recordedAt: at,
  status: 'open',
  indexedAt: at,
  actedAt: null,
  actions: [],
};
const id = 'aggregation.v1/engagement.interaction.enriched.v1/3/17';
const nothing: RunResult = {
  settled: 0,
  refused: 0,
  groups: [],
  busy: 0,
  notOpen: [],
  absent: [],
  endedBy: null,
  failure: null,
};

interface Asked {
  readonly verb: string;
  readonly request: unknown;
  readonly actor?: Actor;
}
let asked: Asked[];
let answer: RunResult | Error;
let found: readonly StoredDeadLetter[];
let app: ReturnType<typeof composeApp>;

const run = async (verb: string, request: unknown, actor?: Actor): Promise<RunResult> => {
  asked.push(actor === undefined ? { verb, request } : { verb, request, actor });
  if (answer instanceof Error) throw answer;
  return answer;
};
const verbs: DeadLetterVerbs = {
  summary: async (filter: DeadLetterFilter) => {
    asked.push({ verb: 'summary', request: filter });
    const { stage, stateVersion, reason, status } = letter;
    return [{ stage, stateVersion, reason, status, count: 5, oldestFailedAt: at, newestFailedAt: at }];
  },
  list: async (filter, page) => {
    asked.push({ verb: 'list', request: { filter, page } });
    return found;
  },
  show: async (key) =>
    key.offset === 17n
      ? {
          letter,
          look: { value: { a: 1 }, schema: 'freshet.X', undecodable: null, unreadableToday: null },
          history: [{ id: 1n, at, operator: 'ann', verb: 'dlq redrive', reason: 'fixed', details: { settled: 1 } }],
        }
      : undefined,
  rehearse: (request) => run('rehearse', request),
  redrive: (request, actor) => run('redrive', request, actor),
  discard: (request, actor) => run('discard', request, actor),
};

beforeEach(() => {
  asked = [];
  answer = nothing;
  found = [letter];
  const metrics = createMetrics();
  const sha256 = (token: string) => createHash('sha256').update(token).digest();
  const tokens = [
    { operator: 'bob', sha256: sha256('token-of-bob') },
    { operator: 'ann', sha256: sha256('token-of-ann') },
  ];
  const measure = createMeasure(metrics, stillClock);
  const clock = { ...stillClock, sleep: (_: number, signal?: AbortSignal) => untilAborted(signal) };
  const routes = deadLetterRoutes({ verbs, tokens, measure, clock, log: quietLog });
  app = composeApp({ apps: [routes], metrics, log: quietLog, makeId: () => 'made' });
});

const untilAborted = (signal: AbortSignal | undefined) =>
  new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));

const bearer = { authorization: 'Bearer token-of-ann' };
const get = (path: string, headers: Record<string, string> = bearer) => app.request(`/admin/dlq/${path}`, { headers });
const post = (path: string, body: unknown) =>
  app.request(`/admin/dlq/${path}`, { method: 'POST', headers: bearer, body: JSON.stringify(body) });

describe('the operators’ routes', () => {
  const paths = ['summary', 'letters', `letters/${id}`];

  it.each(paths)('let nobody through without a token, nor with an unknown one: %s', async (path) => {
    for (const headers of [{}, { authorization: 'Basic YTpi' }, { authorization: 'Bearer' }] as never[]) {
      const refused = await get(path, headers);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer');
      expect(await refused.json()).toMatchObject({ code: 'unauthenticated', request_id: 'made' });
    }
    const unknown = await get(path, { authorization: 'Bearer token-of-eve' });
    expect(unknown.status).toBe(403);
    expect(await unknown.json()).toMatchObject({ code: 'not_an_operator' });
    expect(asked).toEqual([]);
  });

  it('let nobody change anything without a token', async () => {
    for (const path of ['redrive', 'discard']) {
      const body = JSON.stringify({ all: true, reason: 'x' });
      expect((await app.request(`/admin/dlq/${path}`, { method: 'POST', body })).status).toBe(401);
    }
    expect(asked).toEqual([]);
  });

  it('sum letters, all of them or those that are asked for', async () => {
    const row = { stage: 'aggregation', state_version: 1, reason: 'unhandled', status: 'open', count: 5 };
    expect(await (await get('summary')).json()).toMatchObject({ rows: [row] });
    await get('summary?status=open&stage=intake&key=default%7Cu1&since=2026-01-02T03:04:05Z&state_version=2');
    const filter = { status: 'open', stage: 'intake', key: Buffer.from('default|u1'), from: at, stateVersion: 2 };
    expect(asked.map(({ request }) => request)).toEqual([{}, filter]);
  });

  it('list what is open, page by page', async () => {
    found = [letter, { ...letter, offset: 18n }];
    const first = (await (await get('letters?limit=1')).json()) as { letters: object[]; next_cursor: string };
    expect(first.letters).toMatchObject([{ id, key: 'default|u1', value_bytes: 2, redrives: 1 }]);
    found = [letter];
    const last = await (await get(`letters?limit=1&status=all&after=${first.next_cursor}`)).json();
    expect(last).toMatchObject({ next_cursor: null });
    const { stateVersion, stage, topic, partition, offset, lastFailedAt } = letter;
    const after = { stateVersion, stage, topic, partition, offset, lastFailedAt };
    expect(asked.map(({ request }) => request)).toEqual([
      { filter: { status: 'open' }, page: { limit: 2 } },
      { filter: {}, page: { limit: 2, after } },
    ]);
  });

  it.each([id, encodeURIComponent(id)])('show one letter by its id: %s', async (path) => {
    const shown = await get(`letters/${path}`);
    expect(await shown.json()).toMatchObject({
      id,
      value: { a: 1 },
      writer_schema: 'freshet.X',
      headers: [{ name: 'x', value_base64: '/w==' }],
      history: [{ operator: 'ann', verb: 'dlq redrive', reason: 'fixed' }],
    });
    expect(shown.headers.get('cache-control')).toBe('no-store');
  });

  it('say which id is none, and which is not there', async () => {
    for (const path of ['letters/17', 'letters/%E0%A4%A', 'letters/a%0A', 'letters/a%00/t/3/17'])
      expect((await get(path)).status).toBe(400);
    const absent = await get('letters/aggregation.v1/t/3/18');
    expect(absent.status).toBe(404);
    expect(await absent.json()).toMatchObject({ code: 'dead_letter_unknown' });
  });

  it('redrive what is chosen, in the operator’s name', async () => {
    answer = { ...nothing, settled: 4, groups: [] };
    const done = await post('redrive', { filter: { stage: 'enrichment' }, rate: 500, to: 't', reason: 'fixed' });
    expect(done.status).toBe(200);
    expect(await done.json()).toMatchObject({ redriven: 4, refused: 0, ended_by: null });
    const [{ verb, request, actor }] = asked as [Asked & { request: RedriveRequest }];
    expect([verb, actor]).toEqual(['redrive', { operator: 'ann', reason: 'fixed' }]);
    const { signal, ...rest } = request;
    expect(rest).toEqual({
      selection: { filter: { stage: 'enrichment' } },
      limit: 1_000,
      ratePerSecond: 500,
      to: 't',
      maxRedrives: 3,
      force: false,
    });
    expect(signal?.aborted).toBe(false);
  });

  it('rehearse without a reason, and discard with one', async () => {
    expect(await (await post('redrive', { ids: [id], dry_run: true })).json()).toMatchObject({ would_be_redriven: 0 });
    expect(await (await post('discard', { all: true, reason: 'junk', limit: 9 })).json()).toMatchObject({
      discarded: 0,
    });
    expect(asked.map(({ verb, request }) => [verb, (request as RedriveRequest).selection])).toEqual([
      ['rehearse', { keys: [expect.objectContaining({ stage: 'aggregation', stateVersion: 1, offset: 17n })] }],
      ['discard', { filter: {} }],
    ]);
  });

  const bad: [string, unknown, string, string][] = [
    ['redrive', { reason: 'x' }, '$', 'malformed'],
    ['redrive', { filter: {}, reason: 'x' }, '$', 'malformed'],
    ['redrive', { all: true, ids: [id], reason: 'x' }, '$', 'malformed'],
    ['redrive', { all: true }, '$.reason', 'required'],
    ['redrive', { all: true, reason: 'x', limit: 10_001 }, '$.limit', 'out_of_range'],
    ['redrive', { all: true, reason: 'x', limit: 1_000, rate: 1 }, '$.limit', 'malformed'],
    ['redrive', { ids: ['nonsense'], reason: 'x' }, '$.ids.0', 'malformed'],
    ['redrive', { ids: ['a\u0000/t/3/17'], reason: 'x' }, '$.ids.0', 'malformed'],
    ['redrive', { filter: { since: 'yesterday' }, reason: 'x' }, '$.filter.since', 'malformed'],
    ['redrive', { filter: { stage: 'a\u0000b' }, reason: 'x' }, '$.filter.stage', 'malformed'],
    ['redrive', { filter: { stagee: 'a' }, reason: 'x' }, '$.filter', 'unknown_field'],
    ['discard', { all: true }, '$.reason', 'required'],
    ['discard', [], '$', 'wrong_type'],
  ];

  it.each(bad)('refuse %s of %j at %s', async (path, body, field, code) => {
    const refused = await post(path, body);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ code, path: field });
    expect(asked).toEqual([]);
  });

  it('refuse queries that ask for nothing there is', async () => {
    for (const query of ['letters?limit=0', 'letters?after=x', 'letters?stagee=a', 'summary?status=gone']) {
      expect((await get(query)).status, query).toBe(400);
    }
    expect((await app.request('/admin/dlq/redrive', { method: 'POST', headers: bearer, body: '{' })).status).toBe(400);
    expect((await post('redrive', { all: true, reason: 'x'.repeat(300_000) })).status).toBe(413);
    expect(asked).toEqual([]);
  });

  it('answer 503 with what was done where something is away, 400 where a topic is none', async () => {
    answer = {
      ...nothing,
      settled: 7,
      endedBy: 'failure',
      failure: { code: 'kafka_unavailable', message: '10.0.0.1' },
    };
    const away = await post('redrive', { all: true, reason: 'x' });
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '1']);
    const document = await away.text();
    expect(document).toContain('7 were redriven before');
    expect(document).not.toContain('10.0.0.1');
    answer = new FreshetError('topic_unknown', 'x is no topic of this installation');
    const unknown = await post('redrive', { all: true, to: 'x', reason: 'x' });
    expect(await unknown.json()).toMatchObject({ status: 400, code: 'topic_unknown', path: '$.to' });
  });
});
