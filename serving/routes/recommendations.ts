import { type Context, Hono } from 'hono';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Problem } from '../../pipeline/kernel/problem.ts';
import { type Impressions, impressionsNotAvailable, servedSlate } from '../impressions.ts';
import { answeredJson, type IdentityEnv } from '../middleware/identity.ts';
import type { Measure } from '../middleware/request-metrics.ts';
import { type Answer, answerOf } from '../recommend/answer.ts';
import { noConstraints } from '../recommend/constraints.ts';
import type { Cursors } from '../recommend/cursor.ts';
import type { Query } from '../recommend/query.ts';
import type { Recommend } from '../recommend/recommend.ts';
import { parseContextRequest } from './context-request.ts';
import { limitedBody, readJsonBody } from './json-body.ts';
import { QueryFields } from './query-fields.ts';
import { noList, notLoaded, refuse, refuseFields } from './refuse.ts';

/** Name of these routes in metrics. */
export const listRoute = 'recommendations';

const nothing: readonly string[] = [];

const cursorProblems: Readonly<Record<'malformed' | 'expired', Problem>> = {
  malformed: {
    status: 400,
    code: 'cursor_malformed',
    detail: 'cursor must be the next_cursor of an earlier answer, whole and unchanged.',
    path: 'cursor',
  },
  expired: {
    status: 410,
    code: 'cursor_expired',
    detail:
      'This list cannot be gone on with: its cursor is too old, or of another user, surface or installation. Ask for the first page again.',
    path: 'cursor',
  },
};

export interface RecommendationRouteDeps {
  readonly measure: Measure;
  readonly recommend: Recommend;
  readonly cursors: Cursors;
  readonly clock: Pick<Clock, 'now'>;
  /** Where the process can log impressions. */
  readonly impressions?: Impressions | undefined;
  /** False until the views in memory are loaded: filters could not hold before. */
  readonly loaded: () => boolean;
}

type C = Context<IdentityEnv>;

/** Answers a query that was read, or says why not; a list that is to be logged is handed on once it is answered. */
function answering({ recommend, cursors, clock, loaded, impressions }: RecommendationRouteDeps) {
  return async function answer(c: C, asked: Query, cursor: string | undefined, skip = 0): Promise<Response> {
    if (asked.logImpression && impressions === undefined) return refuse(c, impressionsNotAvailable);
    if (!loaded()) return refuse(c, notLoaded);
    const page = cursor === undefined ? undefined : cursors.open(cursor, asked, clock.now());
    if (page === 'malformed' || page === 'expired') return refuse(c, cursorProblems[page]);
    const slate = await recommend(page === undefined ? asked : { ...asked, page });
    if (slate === undefined) return refuse(c, noList);
    const document = withoutFirst(skip, answerOf(slate, cursors));
    if (asked.logImpression) impressions?.log(servedSlate(asked, document));
    return answeredJson(c, document);
  };
}

/** `GET /v1/recommendations/{user_id}`, `POST /v1/recommendations`, and the names others know them by. */
export function recommendationRoutes(deps: RecommendationRouteDeps): Hono<IdentityEnv> {
  const answer = answering(deps);

  function get(userIdOf: (fields: QueryFields) => string, takesPages = false) {
    return async function getRecommendations(c: C): Promise<Response> {
      const fields = new QueryFields(c);
      const userId = userIdOf(fields);
      const limit = fields.limit();
      const number = takesPages ? fields.page(limit) : 1;
      const query: Query = {
        requestId: c.get('identity').requestId,
        userId,
        namespace: fields.namespace(),
        surface: fields.surface(),
        limit: number * limit,
        explain: fields.flag('explain'),
        logImpression: fields.flag('log_impression'),
        contextItems: nothing,
        excludeItems: nothing,
        constraints: noConstraints,
        page: undefined,
        trial: undefined,
      };
      return fields.problems.length > 0
        ? refuseFields(c, fields.problems)
        : answer(c, query, fields.cursor(), (number - 1) * limit);
    };
  }

  async function post(c: C): Promise<Response> {
    const read = await readJsonBody(c);
    if (read instanceof Response) return read;
    const parsed = parseContextRequest(read.body, c.get('identity').requestId, c.get('caller'));
    return parsed.ok ? answer(c, parsed.value.query, parsed.value.cursor) : refuseFields(c, parsed.problems);
  }

  const byQuery = get((fields) => fields.queryId('user_id', 'userId'));
  const counted = deps.measure(listRoute);
  return new Hono<IdentityEnv>()
    .get(
      '/v1/recommendations/:user_id',
      counted,
      get((fields) => fields.pathId('user_id', 2)),
    )
    .post('/v1/recommendations', counted, limitedBody, post)
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
  const applied = explain?.rules.applied.filter(({ position }) => position > count) ?? [];
  const rules = explain && { ...explain.rules, applied };
  const explained = explain && rules && { explain: { ...explain, rules, levels: explain.levels.slice(count) } };
  return { ...answer, items: items.slice(count), ...explained };
}
