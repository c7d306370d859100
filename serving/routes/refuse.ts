import type { Context } from 'hono';
import { isForbidden } from '../../pipeline/domain/caller.ts';
import type { FieldProblem } from '../../pipeline/domain/intake/fields.ts';
import { type Problem, problemResponse } from '../../pipeline/kernel/problem.ts';
import type { IdentityEnv } from '../middleware/identity.ts';

/** What a route says that needs the views in memory, until they are loaded. */
export const notLoaded: Problem = {
  status: 503,
  code: 'not_ready',
  detail: 'The catalogue is still being loaded. Repeat the request after Retry-After.',
  retryAfterSeconds: 1,
};

/** Where no rung of the ladder can say anything. */
export const noList: Problem = {
  status: 503,
  code: 'no_list',
  detail: 'There is nothing to recommend from: no list of this user, nothing popular, no earlier answer.',
  retryAfterSeconds: 2,
};

/** Answers a problem under the request's own id. */
export const refuse = (c: Context<IdentityEnv>, problem: Problem): Response =>
  problemResponse(problem, c.get('identity').requestId);

/** The first fault names the answer; all of them are listed. What is not allowed makes it a 403. */
export function refuseFields(c: Context<IdentityEnv>, problems: readonly FieldProblem[]): Response {
  const [first] = problems;
  if (first === undefined) throw new RangeError('nothing to refuse');
  const { code, path, message, limit } = first;
  const errors = problems.length > 1 ? { errors: problems.slice(0, 20) } : {};
  const bound = limit === undefined ? {} : { limit };
  return refuse(c, {
    status: isForbidden(first) ? 403 : 400,
    code,
    detail: `${path} ${message}.`,
    path,
    ...bound,
    ...errors,
  });
}
