import type { TopicPartition } from '../../broker/consumer.ts';
import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';
import type { SliceResult, Verdict } from './effect.ts';
import type { Session } from './session.ts';

export interface ReportOptions<In> {
  readonly stage: string;
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
  paused(reason: string, count: number): void;
  revoked(partition: TopicPartition): void;
}

export function createReport<In>({ stage, clock, metrics, receivedAtOf }: ReportOptions<In>): Report<In> {
  const labels = ({ topic, partition }: TopicPartition) => ({ stage, topic, partition });
  const freshness = ({ decoded: { delivery } }: Verdict<In>, now: number) => {
    const value = delivery?.value ?? null;
    const receivedAt = value === null ? undefined : receivedAtOf(value);
    if (receivedAt !== undefined) metrics.stageFreshness.observe({ stage }, Math.max(0, now - receivedAt) / 1_000);
  };
  return {
    assigned: () => metrics.stageRebalances.inc({ stage }),
    claimed: (session) => metrics.stageLag.set(labels(session.partition), session.lag()),
    handled(session, { verdicts }, startedMs) {
      const now = clock.now();
      for (const { outcome, reason, count } of tally(verdicts)) {
        metrics.stageRecords.inc({ stage, outcome, reason }, count);
      }
      for (const verdict of verdicts) freshness(verdict, now);
      metrics.stageBatchSize.observe({ stage }, verdicts.length);
      metrics.stageBatchSeconds.observe({ stage }, (clock.monotonic() - startedMs) / 1_000);
      metrics.stageLag.set(labels(session.partition), session.lag());
      const newest = verdicts.at(-1)?.decoded.record.timestampMs;
      if (newest !== undefined) {
        metrics.stageLagSeconds.set(labels(session.partition), Math.max(0, now - newest) / 1_000);
      }
    },
    paused: (reason, count) => metrics.stagePaused.set({ stage, reason }, count),
    revoked(partition) {
      metrics.stageLag.remove(labels(partition));
      metrics.stageLagSeconds.remove(labels(partition));
    },
  };
}

function tally(verdicts: readonly Verdict<unknown>[]) {
  const counts = new Map<string, { readonly outcome: string; readonly reason: string; count: number }>();
  for (const { outcome } of verdicts) {
    const reason = 'reason' in outcome ? outcome.reason : '';
    const label = `${outcome.kind}/${reason}`;
    const known = counts.get(label);
    if (known === undefined) counts.set(label, { outcome: outcome.kind, reason, count: 1 });
    else known.count += 1;
  }
  return counts.values();
}
