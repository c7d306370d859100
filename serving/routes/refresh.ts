import { type Context, Hono } from 'hono';
import { refreshEveryMs, refreshLimits } from '../../pipeline/domain/refresh-limits.ts';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';
import type { RefreshRequests } from '../../pipeline/stores/serving.ts';
import type { ActiveVersion } from '../active-version.ts';
import type { IdentityEnv } from '../middleware/identity.ts';
import type { Measure } from '../middleware/request-metrics.ts';
import { QueryFields } from './query-fields.ts';
import { refuse, refuseFields } from './refuse.ts';

export interface RefreshRouteDeps {
  readonly refreshes: RefreshRequests;
  readonly active: ActiveVersion;
  readonly measure: Measure;
  readonly metrics: Pick<Metrics, 'servingRefreshes'>;
}

/** A full queue is worked off in well under a second where candidates run; where none do, coming back soon is no help. */
const fullRetrySeconds = 5;

/**
 * `POST /v1/recommendations/{user_id}/refresh`: the user's list is made again soon. A user of whom nothing is known is
 * answered 202 as well: whether there is a profile, only the reader of the queue can say.
 */
export function refreshRoutes({ refreshes, active, measure, metrics }: RefreshRouteDeps): Hono<IdentityEnv> {
  const post = (name: string, segment: number) =>
    async function askForRefresh(c: Context<IdentityEnv>): Promise<Response> {
      const fields = new QueryFields(c);
      const userId = fields.pathId(name, segment);
      const namespace = fields.namespace();
      if (fields.problems.length > 0) return refuseFields(c, fields.problems);
      const answer = await refreshes.ask(active.current, namespace, userId);
      metrics.servingRefreshes.inc({ result: answer.kind });
      metrics.servingRefreshes.inc({ result: 'expired' }, answer.expired);
      if (answer.kind === 'too_often') return tooOften(c, answer.retryAfterMs);
      if (answer.kind === 'queue_full') return queueFull(c);
      return c.json({ request_id: c.get('identity').requestId, status: answer.kind }, 202);
    };
  const counted = measure('recommendations/refresh');
  return new Hono<IdentityEnv>()
    .post('/v1/recommendations/:user_id/refresh', counted, post('user_id', 2))
    .post('/recommendations/:userId/refresh', counted, post('userId', 1));
}

const tooOften = (c: Context<IdentityEnv>, retryAfterMs: number): Response =>
  refuse(c, {
    status: 429,
    code: 'refresh_too_often',
    detail: `This user's list was refreshed a moment ago; once in ${refreshEveryMs / 1_000} s is the limit. Repeat after Retry-After.`,
    limit: refreshEveryMs / 1_000,
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1_000)),
  });

const queueFull = (c: Context<IdentityEnv>): Response =>
  refuse(c, {
    status: 429,
    code: 'refresh_queue_full',
    detail: 'As many refreshes as the queue holds wait already. Repeat after Retry-After.',
    limit: refreshLimits.asked,
    retryAfterSeconds: fullRetrySeconds,
  });
