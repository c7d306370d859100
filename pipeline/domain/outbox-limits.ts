/** What is measured of an outbox and its database, and may be limited. */
export const outboxMeasures = ['unpublishedRecords', 'oldestAgeMs', 'outboxBytes', 'databaseBytes'] as const;
export type OutboxMeasure = (typeof outboxMeasures)[number];

/** A measure that is absent has no limit. */
export type OutboxLimits = { readonly [M in OutboxMeasure]?: number };

/** Measures at one moment; one that was not taken changes nothing. */
export interface OutboxReading {
  /** Monotonic, milliseconds. */
  readonly at: number;
  readonly values: { readonly [M in OutboxMeasure]?: number };
}

/** A measure that was over its limit and has not come down far enough. */
export interface Exceeded {
  readonly measure: OutboxMeasure;
  readonly limit: number;
  /** Estimated from how fast it comes down; a guess where it does not. */
  readonly retryAfterSeconds: number;
}

/** What was over a limit counts as over it until it is a tenth below: at the limit itself doors would open and shut with every row. */
const reopenShare = 0.9;

const shortestRetrySeconds = 1;
/** Also where nothing comes down: an operator has to act, and clients need not ask every second meanwhile. */
const longestRetrySeconds = 30;

function retryAfter(measure: OutboxMeasure, reopenAt: number, now: OutboxReading, before?: OutboxReading): number {
  const value = now.values[measure] ?? 0;
  const former = before?.values[measure];
  if (before === undefined || former === undefined || former <= value || now.at <= before.at)
    return longestRetrySeconds;
  const perSecond = (former - value) / ((now.at - before.at) / 1_000);
  const seconds = Math.ceil((value - reopenAt) / perSecond);
  return Math.min(longestRetrySeconds, Math.max(shortestRetrySeconds, seconds));
}

/** Judges a reading against the limits; `exceeded` is the judgement of `before`, the reading just before this one. */
export function judgeOutbox(
  limits: OutboxLimits,
  now: OutboxReading,
  before: OutboxReading | undefined,
  exceeded: readonly Exceeded[],
): readonly Exceeded[] {
  return outboxMeasures.flatMap((measure) => {
    const limit = limits[measure];
    if (limit === undefined) return [];
    const was = exceeded.find((one) => one.measure === measure);
    const value = now.values[measure];
    if (value === undefined) return was ? [was] : [];
    const reopenAt = limit * reopenShare;
    if (was ? value <= reopenAt : value <= limit) return [];
    return [{ measure, limit, retryAfterSeconds: retryAfter(measure, reopenAt, now, before) }];
  });
}
