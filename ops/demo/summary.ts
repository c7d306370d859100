import { type AskResult, type Prediction, quality } from './ask.ts';
import type { ReplayCounts } from './replay.ts';
import type { StageCheck } from './verify.ts';

/** The promises that the demo's exit code stands for. */
export const promises = { hrAt20: 0.6, mrrAt20: 0.3, freshnessP99Ms: 1_000 } as const;

export interface DemoSummary extends Record<string, unknown> {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly outbox: number;
  readonly published: number;
  readonly counted: number;
  readonly lost: number;
  readonly countedTwice: number;
  readonly freshnessMs: { readonly p50: number; readonly p99: number };
  readonly misses: number;
  /** Clicks of the test day that a run before a crash had sent: nothing was asked after them. */
  readonly askedBefore: number;
  /** False where too little was learnt, or asked, to judge the lists. */
  readonly judged: boolean;
  readonly predictions: number;
  readonly hrAt20: number;
  readonly mrrAt20: number;
  readonly popularity: { readonly hrAt20: number; readonly mrrAt20: number };
  readonly durationMs: number;
  readonly broken: readonly string[];
}

/** The value below which `share` of the samples lie (nearest rank), rounded; 0 without samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
}

export interface SummaryInput {
  /** Distinct clicks answered accepted or, after a crash, duplicate. */
  readonly accepted: number;
  readonly counts: ReplayCounts;
  readonly stages: readonly StageCheck[];
  readonly asked: AskResult;
  readonly durationMs: number;
  /** A shortened run learns too little to judge its lists. */
  readonly shortened: boolean;
}

/** The figures, and in `broken` every promise that does not hold. */
export function summarise(input: SummaryInput): DemoSummary {
  const { accepted, counts, stages, asked, durationMs } = input;
  const at = (name: string) => stages.find((stage) => stage.stage === name);
  const lost = Math.max(0, ...stages.map((stage) => stage.lost));
  const countedTwice = (at('applied')?.repeated ?? 0) + (at('counted')?.repeated ?? 0);
  const freshnessMs = { p50: percentile(asked.freshnessMs, 0.5), p99: percentile(asked.freshnessMs, 0.99) };
  const { hrAt20, mrrAt20 } = quality(asked.predictions.map((one) => one.position));
  const judged = !input.shortened && asked.askedBefore === 0;
  const checks: [boolean, string][] = [
    [lost === 0, `${lost} accepted events are missing in a stage`],
    [countedTwice === 0, `${countedTwice} events are counted twice`],
    [counts.rejected === 0, `${counts.rejected} events were rejected`],
    [asked.misses === 0, `${asked.misses} clicks were not reflected within 10 s`],
    [freshnessMs.p99 < promises.freshnessP99Ms, `freshness p99 is ${freshnessMs.p99} ms`],
    [!judged || hrAt20 >= promises.hrAt20, `HR@20 is ${hrAt20}, promised ${promises.hrAt20}`],
    [!judged || mrrAt20 >= promises.mrrAt20, `MRR@20 is ${mrrAt20}, promised ${promises.mrrAt20}`],
  ];
  return {
    accepted,
    duplicates: counts.duplicates,
    rejected: counts.rejected,
    outbox: at('outbox')?.events ?? 0,
    published: at('published')?.events ?? 0,
    counted: at('applied')?.events ?? 0,
    lost,
    countedTwice,
    freshnessMs,
    misses: asked.misses,
    askedBefore: asked.askedBefore,
    judged,
    predictions: asked.predictions.length,
    hrAt20,
    mrrAt20,
    popularity: quality(asked.predictions.map((one) => one.popularPosition)),
    durationMs,
    broken: checks.filter(([holds]) => !holds).map(([, words]) => words),
  };
}

/** Up to three sessions whose next click was recommended, with what was shown and why. */
export function exampleSessions(predictions: readonly Prediction[]): string[] {
  const told = new Set<string>();
  const lines: string[] = [];
  for (const one of predictions) {
    if (told.size === 3) break;
    if (one.position === 0 || one.after.length < 2 || told.has(one.sessionId)) continue;
    told.add(one.sessionId);
    lines.push(
      `session ${one.sessionId} clicked ${one.after.slice(-4).join(' → ')}, then ${one.target} (position ${one.position})`,
    );
    for (const [index, item] of one.list.items.slice(0, 3).entries()) {
      const why = item.reasons
        .map((reason) => (typeof reason === 'string' ? reason : JSON.stringify(reason)))
        .join(', ');
      lines.push(`  ${index + 1}. ${item.item_id}  score ${item.score.toFixed(3)}  ${item.sources.join('+')}  ${why}`);
    }
  }
  return lines;
}
