import { Hono } from 'hono';
import { anyCaller, mayUseNamespace } from '../../pipeline/domain/caller.ts';
import type { IdentityEnv } from '../middleware/identity.ts';
import type { Measure } from '../middleware/request-metrics.ts';
import { answerOf } from '../recommend/answer.ts';
import { type ReplayDeps, replay } from '../recommend/replay.ts';
import type { RetainedRequests } from '../recommend/retained.ts';
import { QueryFields } from './query-fields.ts';
import { noList, refuse, refuseFields } from './refuse.ts';

export interface RequestsRouteDeps extends ReplayDeps {
  readonly measure: Measure;
  readonly retained: RetainedRequests;
}

const noCursors = { next: () => undefined };

/**
 * `GET /v1/requests/{request_id}`: a past answer made again, explained, from what it was made from. Known to the process
 * that gave it, while it is among its newest. `?offset=` names a later page by the number of items before it.
 */
export function requestsRoutes({ retained, measure, ...deps }: RequestsRouteDeps): Hono<IdentityEnv> {
  return new Hono<IdentityEnv>().get('/v1/requests/:request_id', measure('requests'), async (c) => {
    const fields = new QueryFields(c);
    const requestId = fields.pathId('request_id', 2);
    const offset = fields.whole('offset', { least: 0, most: 200, otherwise: 0 });
    if (fields.problems.length > 0) return refuseFields(c, fields.problems);
    const request = retained.find(requestId, offset);
    // Of a namespace that the caller may not use it is told nothing, not even that there is one.
    const caller = c.get('caller') ?? anyCaller;
    if (request === undefined || !mayUseNamespace(caller, request.query.namespace)) {
      return refuse(c, {
        status: 404,
        code: 'request_not_retained',
        detail: `This process does not hold what such a request was answered from: it keeps its newest ${retained.capacity}, and knows nothing of other processes' requests.`,
        path: 'path.request_id',
        limit: retained.capacity,
      });
    }
    const { slate, isSame, isCatalogChanged } = await replay(request, deps);
    if (slate === undefined) return refuse(c, noList);
    const { user_id, ...answer } = { user_id: request.query.userId, ...answerOf(slate, noCursors) };
    const made = { user_id, namespace: request.query.namespace, is_same: isSame, catalog_changed: isCatalogChanged };
    return c.json({ ...answer, replay: made }, 200, { 'cache-control': 'no-store' });
  });
}
