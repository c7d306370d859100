import type { TopicPartition } from '../../broker/consumer.ts';
import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';
import type { SliceResult, Verdict } from './effect.ts';
import type { RunnerBatches, RunnerCounts } from './options.ts';
import { redriveHeader } from './redrive.ts';
import type { Session } from './session.ts';
import { createTotals, type Tallied, tally } from './tally.ts';

export interface ReportOptions<In> {
  readonly stage: string;
  readonly stateVersion: number;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** When ingest received the event, milliseconds since the epoch; undefined where the value does not say. */
  receivedAtOf(value: In): number | undefined;
}

/** The runner's figures. */
export interface Report<In> {
  assigned(): void;
  claimed(session: Session): void;
  handled(session: Session, result: SliceResult<In>, startedMs: number): void;
  /** What has grown while nothing was handled. */
  waited(session: Session): void;
  paused(reason: string, count: number): void;
  revoked(partition: TopicPartition): void;
  halted(isHalted: boolean): void;
  counts(): RunnerCounts;
  batches(): RunnerBatches;
}

const undecodable = new Set(['undecodable', 'schema_unknown', 'schema_incompatible']);

export function createReport<In>({ stage, stateVersion, clock, metrics, receivedAtOf }: ReportOptions<In>): Report<In> {
  const own = { stage, version: stateVersion };
  const labels = ({ topic, partition }: TopicPartition) => ({ ...own, topic, partition });
  const totals = createTotals();
  const startedAt = clock.monotonic();
  let isFirst = true;

  const freshness = ({ decoded: { delivery } }: Verdict<In>, now: number) => {
    const value = delivery?.value ?? null;
    const receivedAt = value === null ? undefined : receivedAtOf(value);
    if (receivedAt !== undefined) metrics.stageFreshness.observe(own, Math.max(0, now - receivedAt) / 1_000);
  };
  const lag = (session: Session, now: number) => {
    metrics.stageLag.set(labels(session.partition), session.lag());
    metrics.stageLagSeconds.set(labels(session.partition), session.lagSeconds(now));
    metrics.stageStalledSeconds.set(labels(session.partition), session.stalledSeconds(now));
  };
  const count = ({ topic }: TopicPartition, tallied: readonly Tallied[]) => {
    for (const { outcome, reason, count } of tallied) {
      metrics.stageRecords.inc({ ...own, outcome, reason }, count);
      if (outcome === 'dead-letter' && undecodable.has(reason))
        metrics.stageDecodeFailures.inc({ ...own, topic, reason }, count);
    }
  };
  return {
    assigned: () => metrics.stageRebalances.inc(own),
    claimed(session) {
      if (isFirst) metrics.stageAssignmentSeconds.observe(own, (clock.monotonic() - startedAt) / 1_000);
      isFirst = false;
      session.sees(session.highWatermark, clock.now());
      lag(session, clock.now());
    },
    handled(session, { verdicts }, startedMs) {
      const now = clock.now();
      const ms = clock.monotonic() - startedMs;
      const tallied = tally(verdicts);
      count(session.partition, tallied);
      totals.add(tallied, verdicts.length, ms);
      for (const verdict of verdicts) {
        freshness(verdict, now);
        const isRedriven = verdict.decoded.record.headers[redriveHeader] !== undefined;
        if (isRedriven) metrics.stageRedriven.inc({ ...own, outcome: verdict.outcome.kind });
      }
      metrics.stageBatchSize.observe(own, verdicts.length);
      metrics.stageBatchSeconds.observe(own, ms / 1_000);
      session.passed(verdicts.at(-1)?.decoded.record.timestampMs, now);
      lag(session, now);
    },
    waited: (session) => lag(session, clock.now()),
    paused: (reason, count) => metrics.stagePaused.set({ ...own, reason }, count),
    revoked(partition) {
      for (const gauge of [metrics.stageLag, metrics.stageLagSeconds, metrics.stageStalledSeconds])
        gauge.remove(labels(partition));
    },
    halted: (isHalted) => metrics.stageHalted.set(own, isHalted ? 1 : 0),
    counts: totals.counts,
    batches: totals.batches,
  };
}
