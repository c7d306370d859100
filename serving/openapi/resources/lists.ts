import { z } from 'zod';
import { listLimit } from '../../../pipeline/domain/packed-list.ts';
import { refreshEveryMs } from '../../../pipeline/domain/refresh-limits.ts';
import { cursorLength, cursorPattern } from '../../recommend/cursor.ts';
import { limits } from '../../routes/query-fields.ts';
import { alias, type Operation } from '../operation.ts';
import {
  contextRequest,
  cursor,
  explain,
  limit,
  list,
  logImpression,
  refreshed,
  similarItems,
  surface,
} from '../schemas/lists.ts';
import { id, namespace, number } from '../schemas/text.ts';
import { json, readProblems } from './shared.ts';

const base = { tag: 'Lists', access: 'read' } as const;
const query = {
  namespace: namespace.optional(),
  surface: surface.optional(),
  limit: limit.optional(),
  explain: explain.optional(),
  log_impression: logImpression.optional(),
  cursor: z
    .string()
    .max(cursorLength)
    .regex(cursorPattern)
    .optional()
    .describe(cursor.description ?? ''),
};
const problems = { ...readProblems, 503: [...readProblems[503], 'no_list'] };
const paged = {
  ...problems,
  400: [...problems[400], 'cursor_malformed'],
  410: ['cursor_expired'],
};

const answer = {
  request_id: 'r-5',
  items: [
    {
      item_id: 'sku-3',
      score: 0.82,
      position: 1,
      sources: ['session-knn'],
      reasons: [{ code: 'session', because: 'sku-1' }],
    },
  ],
  next_cursor: null,
  generated_at: 1_769_852_400_500,
  freshness_ms: 500,
  reflects: { event_id: 'e-1', received_at: 1_769_852_400_000, occurred_at: 1_769_852_400_000 },
  fallback_level: 'personal',
  config_version: 1,
  state_version: 1,
};
const tooHigh = {
  type: 'urn:freshet:problem:out_of_range',
  title: 'Bad request',
  status: 400,
  code: 'out_of_range',
  detail: `query.limit must be a whole number from 1 to ${limits.maxLimit}.`,
  path: 'query.limit',
  limit: limits.maxLimit,
  request_id: 'r-6',
};

const get: Operation = {
  ...base,
  id: 'getRecommendations',
  method: 'get',
  path: '/v1/recommendations/{user_id}',
  summary: "A user's list",
  description: 'Also for a user nobody has heard of: then from what is popular.',
  params: { user_id: id },
  query,
  answers: { 200: json('The list.', list) },
  problems: paged,
  examples: [
    {
      summary: 'For the home page',
      path: { user_id: 'u-1' },
      query: { surface: 'home', limit: '20' },
      answer: { status: 200, body: answer },
    },
    {
      summary: 'Too many items',
      path: { user_id: 'u-1' },
      query: { limit: '101' },
      answer: { status: 400, body: tooHigh },
    },
  ],
};

const atQuery = (operationId: string, path: string): Operation =>
  alias(get, {
    id: operationId,
    path,
    description: 'The user may also be named by `userId`.',
    params: {},
    query: { user_id: id, ...query },
    examples: [
      { summary: 'By query', query: { user_id: 'u-1', limit: '5' }, answer: { status: 200, body: answer } },
      {
        summary: 'For nobody',
        answer: {
          status: 400,
          body: {
            type: 'urn:freshet:problem:required',
            title: 'Bad request',
            status: 400,
            code: 'required',
            detail: 'query.user_id is required.',
            path: 'query.user_id',
            request_id: 'r-7',
          },
        },
      },
    ],
  });

const page = number({ min: 1, max: listLimit, integer: true });

const byPage: Operation = alias(get, {
  id: 'getRecommendationsByPage',
  path: '/recommendations/{userId}',
  description: `\`page\` counts from 1; \`page\` × \`limit\` may reach the ${listLimit} candidates of a list. Each page is made anew, so an item may move between two of them while the user goes on: \`next_cursor\` of \`GET /v1/recommendations/{user_id}\` is the way that neither repeats nor skips one.`,
  params: { userId: id },
  query: { ...query, page: page.optional().describe('From 1; 1 where it is left out.') },
  examples: [
    {
      summary: 'The second page',
      path: { userId: 'u-1' },
      query: { page: '2', limit: '1' },
      answer: { status: 200, body: { ...answer, items: [{ ...answer.items[0], position: 2 }] } },
    },
    {
      summary: 'Further than lists reach',
      path: { userId: 'u-1' },
      query: { page: '4', limit: '50' },
      answer: {
        status: 400,
        body: {
          type: 'urn:freshet:problem:out_of_range',
          title: 'Bad request',
          status: 400,
          code: 'out_of_range',
          detail: `query.page times limit must be at most ${listLimit}.`,
          path: 'query.page',
          limit: listLimit,
          request_id: 'r-8',
        },
      },
    },
  ],
});

const post: Operation = {
  ...base,
  id: 'recommend',
  method: 'post',
  path: '/v1/recommendations',
  summary: 'A list for a context, under constraints',
  description: 'Constraints hold on every rung of the ladder.',
  body: contextRequest,
  answers: { 200: json('The list.', list) },
  problems: {
    ...paged,
    400: ['malformed_json', 'too_deep', ...paged[400]],
    413: ['body_too_large'],
    415: ['unsupported_media_type'],
  },
  examples: [
    {
      summary: 'What goes with the cart',
      body: {
        user_id: 'u-1',
        surface: 'cart',
        limit: 10,
        context_items: ['sku-1'],
        constraints: { categories: ['shoes'], price_between: { min: 20, max: 80, currency: 'EUR' }, max_per_brand: 2 },
      },
      answer: { status: 200, body: answer },
    },
  ],
};

const similar: Operation = {
  ...base,
  id: 'getSimilarItems',
  method: 'get',
  path: '/v1/items/{id}/similar',
  summary: 'Similar items',
  params: { id },
  query: { namespace: namespace.optional(), limit: limit.optional() },
  answers: { 200: json('Its neighbours.', similarItems) },
  problems: { ...problems, 404: ['unknown_item'] },
  examples: [
    {
      summary: 'Of an item',
      path: { id: 'sku-2' },
      answer: {
        status: 200,
        body: {
          request_id: 'r-9',
          item_id: 'sku-2',
          items: answer.items,
          generated_at: answer.generated_at,
          state_version: 1,
        },
      },
    },
    {
      summary: 'Of one that the catalogue does not know',
      path: { id: 'sku-unknown' },
      answer: {
        status: 404,
        body: {
          type: 'urn:freshet:problem:unknown_item',
          title: 'Not found',
          status: 404,
          code: 'unknown_item',
          detail: 'The catalogue has no such item in this namespace.',
          request_id: 'r-10',
        },
      },
    },
  ],
};

const refresh: Operation = {
  ...base,
  id: 'refreshRecommendations',
  method: 'post',
  path: '/v1/recommendations/{user_id}/refresh',
  summary: "Make a user's list again",
  description: `Soon, not before the answer. Once in ${refreshEveryMs / 1_000} seconds a user.`,
  params: { user_id: id },
  query: { namespace: namespace.optional() },
  answers: { 202: json('It will be, or waits to be already.', refreshed) },
  problems: { ...readProblems, 429: ['refresh_too_often', 'refresh_queue_full'] },
  examples: [
    {
      summary: 'Of a user',
      path: { user_id: 'u-1' },
      answer: { status: 202, body: { request_id: 'r-12', status: 'queued' } },
    },
  ],
};

export const listOperations: readonly Operation[] = [
  get,
  refresh,
  alias(refresh, {
    id: 'refreshRecommendationsByUserId',
    path: '/recommendations/{userId}/refresh',
    params: { userId: id },
    examples: [{ ...refresh.examples?.[0], summary: 'Of a user', path: { userId: 'u-4' }, answer: { status: 202 } }],
  }),
  post,
  similar,
  atQuery('getReco', '/reco'),
  atQuery('getRecommend', '/recommend'),
  byPage,
];
