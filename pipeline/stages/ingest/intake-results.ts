import type { Metrics } from '../../kernel/metrics.ts';
import type { Outcome } from '../../kernel/outcome.ts';

/** Counts what was committed, like HTTP's results; `door` is the topic. */
export function countSubmissions(
  { ingestResults }: Pick<Metrics, 'ingestResults'>,
  door: string,
  outcomes: readonly Outcome<unknown>[],
): void {
  const kind = 'interaction';
  for (const outcome of outcomes) {
    if (outcome.kind === 'done') ingestResults.inc({ door, kind, result: 'accepted', code: '' });
    else if (outcome.kind === 'skip') ingestResults.inc({ door, kind, result: outcome.reason, code: '' });
    else if (outcome.kind === 'dead-letter')
      ingestResults.inc({ door, kind, result: 'rejected', code: outcome.code ?? outcome.reason });
  }
}
