import type { Verdict } from './effect.ts';
import type { RunnerBatches, RunnerCounts } from './options.ts';

export interface Tallied {
  readonly outcome: string;
  readonly reason: string;
  readonly count: number;
}

/** Verdicts counted by outcome and reason. */
export function tally(verdicts: readonly Verdict<unknown>[]): Tallied[] {
  const counts = new Map<string, { readonly outcome: string; readonly reason: string; count: number }>();
  for (const { outcome } of verdicts) {
    const reason = 'reason' in outcome ? outcome.reason : '';
    const label = `${outcome.kind}/${reason}`;
    const known = counts.get(label);
    if (known === undefined) counts.set(label, { outcome: outcome.kind, reason, count: 1 });
    else known.count += 1;
  }
  return [...counts.values()];
}

/** What a runner has done since it started. */
export interface Totals {
  add(tallied: readonly Tallied[], records: number, ms: number): void;
  counts(): RunnerCounts;
  batches(): RunnerBatches;
}

export function createTotals(): Totals {
  let processed = 0;
  const skipped: Record<string, number> = {};
  const deadLettered: Record<string, number> = {};
  let batches: RunnerBatches = { count: 0, records: 0, lastRecords: 0, lastMs: 0 };
  return {
    add(tallied, records, ms) {
      for (const { outcome, reason, count } of tallied) {
        if (outcome === 'skip') skipped[reason] = (skipped[reason] ?? 0) + count;
        else if (outcome === 'dead-letter') deadLettered[reason] = (deadLettered[reason] ?? 0) + count;
        else processed += count;
      }
      batches = { count: batches.count + 1, records: batches.records + records, lastRecords: records, lastMs: ms };
    },
    counts: () => ({ processed, skipped: { ...skipped }, deadLettered: { ...deadLettered } }),
    batches: () => batches,
  };
}
