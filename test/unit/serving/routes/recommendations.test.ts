import { beforeEach, describe, expect, it } from 'vitest';
import { sourceBit } from '../../../../pipeline/domain/packed-list.ts';
import {
  askedAt,
  candidates,
  createServingApp,
  createServingHarness,
  list,
  type ServingHarness,
} from '../../../support/serving-harness.ts';

interface Answer {
  readonly items: readonly { readonly item_id: string }[];
  readonly fallback_level: string;
}

let serving: ServingHarness;
let app: ReturnType<typeof createServingApp>;
beforeEach(() => {
  serving = createServingHarness();
  app = createServingApp(serving);
  serving.setPopular('|', [30, 31]);
});

const get = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers });
const post = (body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  app.request('/v1/recommendations', {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const answerOf = async (response: Response) => (await response.json()) as Answer;
const idsOf = async (response: Response) => (await answerOf(response)).items.map((item) => item.item_id);

describe('GET /v1/recommendations/{user_id}', () => {
  it('answers the whole list as documented', async () => {
    const reflects = { eventId: 'e1', receivedAt: askedAt - 500, occurredAt: askedAt - 900 };
    const both = sourceBit('session-knn') | sourceBit('similar');
    serving.setUser({ list: list(candidates([5], 0.25, { because: 10, sources: both }), reflects) });
    serving.setSurface('home', { exclude_current: true, exclude_seen: false });
    const response = await get('/v1/recommendations/u1?namespace=shop&surface=home&limit=2', { 'x-request-id': 'r-1' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      request_id: 'r-1',
      items: [
        {
          item_id: 'i5',
          score: 0.25,
          position: 1,
          sources: ['session-knn', 'similar'],
          reasons: [{ code: 'session', because: 'i10' }],
        },
        { item_id: 'i30', score: 0.25, position: 2, sources: ['popular'], reasons: [{ code: 'popular' }] },
      ],
      next_cursor: expect.stringMatching(/^[\w-]{40,}$/),
      generated_at: askedAt,
      freshness_ms: 900,
      reflects: { event_id: 'e1', received_at: askedAt - 500, occurred_at: askedAt - 900 },
      fallback_level: 'personal',
      config_version: 7,
      state_version: 1,
    });
  });

  it('reflects nothing where no interaction was applied', async () => {
    expect(await (await get('/v1/recommendations/nobody?namespace=shop')).json()).toMatchObject({
      reflects: null,
      freshness_ms: null,
      fallback_level: 'global_popular',
      config_version: 0,
    });
  });

  it('answers 20 items where no limit is asked for, and as many as asked for', async () => {
    serving.setPopular(
      '|',
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    expect(await idsOf(await get('/v1/recommendations/u?namespace=shop'))).toHaveLength(20);
    expect(await idsOf(await get('/v1/recommendations/u?namespace=shop&limit=1'))).toHaveLength(1);
    expect(await idsOf(await get('/v1/recommendations/u?namespace=shop&limit=100'))).toHaveLength(50);
  });

  it('explains on request what was removed and what the answer cost', async () => {
    serving.setItem(30, { available: false });
    expect(await (await get('/v1/recommendations/u?namespace=shop&explain=true')).json()).toMatchObject({
      explain: {
        removed: [{ item_id: 'i30', level: 'global_popular', filter: 'unavailable' }],
        levels: ['global_popular'],
        redis_waits: 1,
        degraded: false,
      },
    });
  });

  it.each([
    ['a slash', 'a%2Fb', 'a/b'],
    ['a percent sign', '100%25', '100%'],
    ['an escape that is text', '%252F', '%2F'],
    ['a question mark and a hash', 'a%3Fb%23c', 'a?b#c'],
    ['a bar, a space and a colon', 'a%7Cb%20c:d', 'a|b c:d'],
    ['more than ASCII', '%E2%82%AC', '€'],
    ['128 characters', 'x'.repeat(128), 'x'.repeat(128)],
  ])('takes user ids with %s', async (_, path, userId) => {
    serving.setUser({ list: list(candidates([5])) }, { userId });
    const answer = await answerOf(await get(`/v1/recommendations/${path}?namespace=shop`));
    expect(answer.fallback_level).toBe('personal');
  });

  it.each([
    ['/v1/recommendations/%00', 'malformed_text', 'path.user_id'],
    ['/v1/recommendations/%zz', 'malformed_text', 'path.user_id'],
    ['/v1/recommendations/%ff', 'malformed_text', 'path.user_id'],
    ['/v1/recommendations/%ED%A0%80', 'malformed_text', 'path.user_id'],
    [`/v1/recommendations/${'x'.repeat(129)}`, 'too_long', 'path.user_id'],
    [`/v1/recommendations/${'%20'.repeat(129)}`, 'too_long', 'path.user_id'],
    ['/v1/recommendations/u?limit=0', 'out_of_range', 'query.limit'],
    ['/v1/recommendations/u?limit=101', 'out_of_range', 'query.limit'],
    ['/v1/recommendations/u?limit=1e1', 'out_of_range', 'query.limit'],
    ['/v1/recommendations/u?limit=', 'out_of_range', 'query.limit'],
    ['/v1/recommendations/u?namespace=a%7Cb', 'invalid_format', 'query.namespace'],
    ['/v1/recommendations/u?namespace=Shop', 'invalid_format', 'query.namespace'],
    [`/v1/recommendations/u?surface=${'x'.repeat(65)}`, 'too_long', 'query.surface'],
    ['/v1/recommendations/u?explain=yes', 'wrong_type', 'query.explain'],
    ['/reco', 'required', 'query.user_id'],
    ['/recommend?userId=%07', 'malformed_text', 'query.userId'],
  ])('refuses %s', async (path, code, field) => {
    const response = await get(path);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 400, code, path: field, request_id: 'made-1' });
    expect(serving.redis.waits).toBe(0);
  });

  it('names the limit that was passed, and every field at fault', async () => {
    const response = await get(`/v1/recommendations/${'x'.repeat(129)}?limit=0`);
    expect(await response.json()).toMatchObject({
      limit: 128,
      errors: [{ path: 'path.user_id' }, { path: 'query.limit', limit: 100 }],
    });
  });

  it.each(['/reco?user_id=u1&', '/reco?userId=u1&', '/recommend?user_id=u1&', '/recommendations/u1?'])(
    'answers also as %s',
    async (path) => {
      serving.setUser({ list: list(candidates([5])) });
      expect(await idsOf(await get(`${path}namespace=shop&limit=1`))).toEqual(['i5']);
    },
  );

  it('answers 503 with Retry-After where there is nothing to recommend from', async () => {
    const response = await get('/v1/recommendations/u1?namespace=empty');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await response.json()).toMatchObject({ code: 'no_list' });
  });

  it('answers 503 before the views are loaded, without asking Redis', async () => {
    app = createServingApp(serving, () => false);
    const response = await get('/v1/recommendations/u1?namespace=shop');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(serving.redis.waits).toBe(0);
  });

  it('is not fooled by a surface that is named like a property of every object', async () => {
    serving.setSurface('home', { exclude_current: false });
    for (const surface of ['constructor', '__proto__', 'toString']) {
      expect((await get(`/v1/recommendations/u1?namespace=shop&surface=${surface}`)).status).toBe(200);
    }
  });
});

describe('POST /v1/recommendations', () => {
  it('leads with what goes with the context items, and leaves out what is excluded', async () => {
    serving.setSimilar(40, list(candidates([41, 42])));
    const body = {
      user_id: 'u1',
      namespace: 'shop',
      limit: 2,
      context_items: ['i40'],
      constraints: { exclude_items: ['i41'] },
    };
    const response = await post(body);
    expect(response.status).toBe(200);
    expect(await idsOf(response)).toEqual(['i42', 'i30']);
  });

  it('holds to constraints, tags in any spelling', async () => {
    serving.setItem(30, { tags: ['category:shoes', 'brand:acme'], price: '19.90', currency: 'EUR' });
    serving.setItem(31, { tags: ['category:hats'], price: '9.90', currency: 'EUR' });
    const where = async (constraints: object) => idsOf(await post({ user_id: 'u', namespace: 'shop', constraints }));
    expect(await where({ categories: ['Shoes'] })).toEqual(['i30']);
    expect(await where({ include_tags_any: ['Category = Hats', 'color:red'] })).toEqual(['i31']);
    expect(await where({ include_tags_all: ['category:shoes', 'brand/acme'] })).toEqual(['i30']);
    expect(await where({ include_tags_all: ['category:shoes', 'brand:none'] })).toEqual([]);
    expect(await where({ exclude_tags_any: ['brand:acme'] })).toEqual(['i31']);
    expect(await where({ price_between: { max: 10, currency: 'EUR' } })).toEqual(['i31']);
    expect(await where({ price_between: { min: 9.9, max: 19.9, currency: 'EUR' } })).toEqual(['i30', 'i31']);
    expect(await where({ price_between: { currency: 'USD' } })).toEqual([]);
  });

  it.each([
    [{ user_id: 'u', constraints: { include_tags_any: [] } }, 'too_short', '$.constraints.include_tags_any'],
    [{ user_id: 'u', constraints: { include_tags_all: [7] } }, 'wrong_type', '$.constraints.include_tags_all[0]'],
    [
      { user_id: 'u', constraints: { exclude_tags_any: Array(51).fill('a') } },
      'too_many',
      '$.constraints.exclude_tags_any',
    ],
    [{ user_id: 'u', constraints: { price_between: { min: 1 } } }, 'required', '$.constraints.price_between.currency'],
    [
      { user_id: 'u', constraints: { price_between: { min: 2, max: 1, currency: 'EUR' } } },
      'out_of_range',
      '$.constraints.price_between.min',
    ],
    [{ user_id: 'u', constraints: { max_per_brand: 0 } }, 'out_of_range', '$.constraints.max_per_brand'],
    [{}, 'required', '$.user_id'],
    [[], 'wrong_type', '$'],
    [{ user_id: 7 }, 'wrong_type', '$.user_id'],
    [{ user_id: 'u', limit: 101 }, 'out_of_range', '$.limit'],
    [{ user_id: 'u', limit: '5' }, 'wrong_type', '$.limit'],
    [{ user_id: 'u', context_items: ['a', '\u0000'] }, 'malformed_text', '$.context_items[1]'],
    [{ user_id: 'u', context_items: Array(21).fill('a') }, 'too_many', '$.context_items'],
    [{ user_id: 'u', constraints: { exclude_items: 'a' } }, 'wrong_type', '$.constraints.exclude_items'],
    [{ user_id: 'u', constraints: { price: 1 } }, 'unknown_field', '$.constraints.price'],
    [{ user_id: 'u', contextItems: [] }, 'unknown_field', '$.contextItems'],
    ['{', 'malformed_json', '$'],
  ])('refuses %j', async (body, code, path) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code, path });
  });

  it('refuses a body over its limit, whatever its Content-Length says', async () => {
    const response = await post({ user_id: 'u', context_items: ['x'.repeat(200_000)] });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'body_too_large', limit: 131_072 });
  });

  it('refuses a body that is nested too deep', async () => {
    const response = await post(`{"user_id":"u","constraints":${'['.repeat(32)}${']'.repeat(32)}}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'too_deep', limit: 32 });
  });

  it('refuses what is not JSON by its type', async () => {
    expect((await post('user_id=u', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
  });
});

describe('GET /v1/items/{id}/similar', () => {
  it('takes no item for unknown before the views are loaded', async () => {
    app = createServingApp(serving, () => false);
    const response = await get('/v1/items/i10/similar?namespace=shop');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'not_ready' });
  });

  it('answers the neighbours of an item', async () => {
    serving.setItem(40, { itemId: 'sku/40' });
    serving.setSimilar(40, list(candidates([41, 42], 0.5, { sources: sourceBit('similar') })));
    const response = await get('/v1/items/sku%2F40/similar?namespace=shop&limit=1', { 'x-request-id': 'r' });
    expect(await response.json()).toEqual({
      request_id: 'r',
      item_id: 'sku/40',
      items: [
        {
          item_id: 'i41',
          score: 0.5,
          position: 1,
          sources: ['similar'],
          reasons: [{ code: 'similar', because: 'sku/40' }],
        },
      ],
      generated_at: askedAt,
      state_version: 1,
    });
  });

  it.each([
    ['/v1/items/gone/similar?namespace=shop', 404, 'unknown_item'],
    ['/v1/items/%00/similar', 400, 'malformed_text'],
    ['/v1/items/i1/similar?limit=x', 400, 'out_of_range'],
  ])('answers %s with %i', async (path, status, code) => {
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });

  it('answers 503 while Redis is away', async () => {
    serving.redis.away = true;
    expect((await get('/v1/items/i1/similar?namespace=shop')).status).toBe(503);
  });
});

describe('GET /recommendations/{userId}', () => {
  const positions = async (response: Response) =>
    ((await response.json()) as { items: { item_id: string; position: number }[] }).items.map(
      ({ item_id, position }) => `${item_id}@${position}`,
    );
  const many = Array.from({ length: 50 }, (_, index) => index + 1);

  it('answers the page that is asked for, at the positions that its items have in the list', async () => {
    serving.setPopular('|', many);
    expect(await positions(await get('/recommendations/u?namespace=shop&limit=2'))).toEqual(['i1@1', 'i2@2']);
    expect(await positions(await get('/recommendations/u?namespace=shop&limit=2&page=2'))).toEqual(['i3@3', 'i4@4']);
    expect(await positions(await get('/recommendations/u?namespace=shop&limit=20&page=3'))).toHaveLength(10);
    expect(await positions(await get('/recommendations/u?namespace=shop&limit=50&page=3'))).toEqual([]);
  });

  it.each([
    ['page=0', 'query.page must be a whole number from 1 to 150.'],
    ['page=x', 'query.page must be a whole number from 1 to 150.'],
    ['page=', 'query.page must be a whole number from 1 to 150.'],
    ['page=4&limit=50', 'query.page times limit must be at most 150.'],
    ['page=999999999', 'query.page times limit must be at most 150.'],
  ])('refuses %s', async (query, detail) => {
    const response = await get(`/recommendations/u?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'out_of_range', detail, path: 'query.page', limit: 150 });
  });

  it('knows pages nowhere else', async () => {
    serving.setPopular('|', many);
    expect(await positions(await get('/v1/recommendations/u?namespace=shop&limit=1&page=2'))).toEqual(['i1@1']);
  });
});
