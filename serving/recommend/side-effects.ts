import type { Metrics } from '../../pipeline/kernel/metrics.ts';
import { noConstraints } from './constraints.ts';
import { keptInputs } from './inputs.ts';
import { type LastAnswers, packSlate } from './last-answers.ts';
import type { SideEffect } from './roles.ts';

/** Counts the rung, the Redis waits and what filters removed. */
export function countSlate(metrics: Metrics): SideEffect {
  return function countOneSlate({ level, query, removed }) {
    metrics.servingFallbacks.inc({ level });
    metrics.servingRounds.observe(query.rounds.waits);
    for (const { filter } of removed) metrics.servingFiltered.inc({ filter });
  };
}

/**
 * Keeps the answer for when Redis is away, with what the user had seen, so that filters hold then, too.
 * A user of whom Redis knows nothing (any more) is forgotten here as well.
 */
export function rememberSlate(lastAnswers: LastAnswers): SideEffect {
  return function rememberOneSlate({ query, items }) {
    if (query.page !== undefined) return;
    const { namespace, surface, userId, user, rounds, constraints } = query;
    if (rounds.degraded || user.contextItems.length > 0 || constraints !== noConstraints) return;
    if (user.list === undefined && user.profile === undefined && user.recent.length === 0) {
      lastAnswers.forget(namespace, surface, userId);
      return;
    }
    const values = keptInputs(query.inputs);
    if (values === undefined) return;
    lastAnswers.put(namespace, surface, userId, { version: user.version, values, slate: packSlate(items) });
  };
}
