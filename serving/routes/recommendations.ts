import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { IdentityEnv } from '../middleware/identity.ts';
import type { Measure } from '../middleware/request-metrics.ts';
import { type Answer, answerOf } from '../recommend/answer.ts';
import { noConstraints } from '../recommend/constraints.ts';
import type { Query } from '../recommend/query.ts';
import type { Recommend } from '../recommend/recommend.ts';
import { parseContextRequest } from './context-request.ts';
import { QueryFields } from './query-fields.ts';
import { notLoaded, refuse, refuseFields } from './refuse.ts';

/** Name of these routes in metrics. */
export const listRoute = 'recommendations';

/** Most bytes of a request for a list. */
export const bodyBytes = 128 * 1_024;
const jsonType = /^application\/json\s*(;|$)/i;
const nothing: readonly string[] = [];

export interface RecommendationRouteDeps {
  readonly measure: Measure;
  readonly recommend: Recommend;
  /** False until the views in memory are loaded: filters could not hold before. */
  readonly loaded: () => boolean;
}

/** `GET /v1/recommendations/{user_id}`, `POST /v1/recommendations`, and the names others know them by. */
export function recommendationRoutes({ recommend, loaded, measure }: RecommendationRouteDeps): Hono<IdentityEnv> {
  type C = Context<IdentityEnv>;

  async function answer(c: C, query: Query, skip = 0): Promise<Response> {
    if (!loaded()) return refuse(c, notLoaded);
    const slate = await recommend(query);
    if (slate !== undefined) return c.json(withoutFirst(skip, answerOf(slate)));
    const detail = 'There is nothing to recommend from: no list of this user, nothing popular, no earlier answer.';
    return refuse(c, { status: 503, code: 'no_list', detail, retryAfterSeconds: 2 });
  }

  function get(userIdOf: (fields: QueryFields) => string, takesPages = false) {
    return async function getRecommendations(c: C): Promise<Response> {
      const fields = new QueryFields(c);
      const userId = userIdOf(fields);
      const limit = fields.limit();
      const page = takesPages ? fields.page(limit) : 1;
      const query: Query = {
        requestId: c.get('identity').requestId,
        userId,
        namespace: fields.namespace(),
        surface: fields.surface(),
        limit: page * limit,
        explain: fields.flag('explain'),
        contextItems: nothing,
        excludeItems: nothing,
        constraints: noConstraints,
      };
      return fields.problems.length > 0 ? refuseFields(c, fields.problems) : answer(c, query, (page - 1) * limit);
    };
  }

  async function post(c: C): Promise<Response> {
    if (!jsonType.test(c.req.header('content-type') ?? '')) {
      return refuse(c, { status: 415, code: 'unsupported_media_type', detail: 'The body must be application/json.' });
    }
    let body: unknown;
    try {
      body = JSON.parse(await c.req.text());
    } catch {
      return refuse(c, { status: 400, code: 'malformed_json', detail: 'The body must be JSON.', path: '$' });
    }
    const parsed = parseContextRequest(body, c.get('identity').requestId);
    return parsed.ok ? answer(c, parsed.value) : refuseFields(c, parsed.problems);
  }

  const tooLarge = (c: Context) =>
    refuse(c, {
      status: 413,
      code: 'body_too_large',
      detail: `The body may have ${bodyBytes} bytes.`,
      limit: bodyBytes,
    });
  const byQuery = get((fields) => fields.queryId('user_id', 'userId'));
  const counted = measure(listRoute);
  return new Hono<IdentityEnv>()
    .get(
      '/v1/recommendations/:user_id',
      counted,
      get((fields) => fields.pathId('user_id', 2)),
    )
    .post('/v1/recommendations', counted, bodyLimit({ maxSize: bodyBytes, onError: tooLarge }), post)
    .get(
      '/recommendations/:userId',
      counted,
      get((fields) => fields.pathId('userId', 1), true),
    )
    .get('/reco', counted, byQuery)
    .get('/recommend', counted, byQuery);
}

/** A later page of a list: items keep their positions. */
function withoutFirst(count: number, answer: Answer): Answer {
  if (count === 0) return answer;
  const { explain, items } = answer;
  const explained = explain && { explain: { ...explain, levels: explain.levels.slice(count) } };
  return { ...answer, items: items.slice(count), ...explained };
}
