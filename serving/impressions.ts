import type { Problem } from '../pipeline/kernel/problem.ts';
import type { Answer } from './recommend/answer.ts';
import type { Query } from './recommend/query.ts';

/** A list as it was answered. */
export interface ServedSlate extends Pick<Query, 'namespace' | 'userId' | 'surface'>, Pick<Answer, 'items'> {
  /** The one that the answer carries: pages of a list have that of the first. */
  readonly requestId: string;
  readonly stateVersion: number;
}

/** Where served lists go that clients want logged. */
export interface Impressions {
  /** Returns at once and never throws: the answer neither waits for it nor fails with it. */
  log(slate: ServedSlate): void;
}

export function servedSlate({ namespace, userId, surface }: Query, answer: Answer): ServedSlate {
  const { request_id: requestId, items, state_version: stateVersion } = answer;
  return { requestId, namespace, userId, surface, stateVersion, items };
}

/** Said instead of a list, so that nobody counts on impressions that are not there. */
export const impressionsNotAvailable: Problem = {
  status: 400,
  code: 'impressions_not_available',
  detail:
    'This process takes no events, so it cannot log an impression: leave log_impression out and post the slate to /v1/impressions, or ask a process that has the role ingest, too.',
  path: 'log_impression',
};
