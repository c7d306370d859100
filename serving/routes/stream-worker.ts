import { Hono } from 'hono';
import { TransientError } from '../../pipeline/kernel/errors.ts';
import { problemContentType, problemDocument } from '../../pipeline/kernel/problem.ts';
import type { MissingStage, ReportedStage, WorkerReport } from '../../pipeline/kernel/worker-report.ts';
import type { IdentityEnv } from '../middleware/identity.ts';

/** What processes say of themselves. */
export interface WorkerReports {
  /** All of the installation; rejects with TransientError while Postgres is away. */
  report(): Promise<WorkerReport>;
  /** This process alone, without waiting for anything. */
  own(): WorkerReport;
}

/** `GET /stream/worker`: each stage of each process, those that nobody runs first; answered by every process. */
export function streamWorkerRoutes(workers: WorkerReports): Hono<IdentityEnv> {
  return new Hono<IdentityEnv>().get('/stream/worker', async (c) => {
    try {
      return c.json(documentOf(await workers.report()), 200, noStore);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      const document = {
        ...problemDocument(away, c.get('identity').requestId),
        ...documentOf(workers.own()),
      };
      return c.body(JSON.stringify(document), 503, {
        ...noStore,
        'content-type': problemContentType,
        'retry-after': '1',
      });
    }
  });
}

const away = {
  status: 503,
  code: 'unavailable',
  detail: 'Postgres does not answer, so of all processes only the one that answers this is listed.',
} as const;

const noStore = { 'cache-control': 'no-store' };
const instant = (ms: number): string => new Date(ms).toISOString();
const seconds = (value: number): number => Math.round(value * 1_000) / 1_000;

function documentOf({ missing, stages, workers }: WorkerReport) {
  return {
    missing: missing.map(missingStage),
    stages: stages.map(reportedStage),
    workers: workers.map(({ instance, roles, appVersion, startedAt, seenAt, silentMs, isStale, state }) => ({
      instance,
      state: isStale ? 'stale' : 'running',
      roles,
      app_version: appVersion,
      started_at: instant(startedAt),
      seen_at: instant(seenAt),
      silent_seconds: seconds(silentMs / 1_000),
      relays: state.relays,
      ...(state.serving === undefined ? {} : { serving: state.serving }),
    })),
  };
}

function missingStage({ stage, stateVersion, topics, lastReportedBy, offsets }: MissingStage) {
  return {
    stage,
    state_version: stateVersion,
    topics,
    last_reported_by: lastReportedBy,
    lag_records: offsets.some(({ lag }) => lag === null) ? null : offsets.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
    offsets: offsets.map(({ topic, partition, nextOffset, lag, owner, updatedAt }) => ({
      topic,
      partition,
      next: nextOffset.toString(),
      lag_records: lag,
      owner,
      moved_at: instant(updatedAt),
    })),
  };
}

function reportedStage(one: ReportedStage) {
  const { counts, batches, partitions } = one;
  return {
    stage: one.stage,
    state_version: one.stateVersion,
    name: one.name,
    instance: one.instance,
    state: one.state,
    topics: one.topics,
    lag_records: partitions.reduce((sum, { lag }) => sum + lag, 0),
    lag_seconds: seconds(Math.max(0, ...partitions.map(({ lagSeconds }) => lagSeconds))),
    records: { processed: counts.processed, skipped: counts.skipped, dead_lettered: counts.deadLettered },
    batches: {
      count: batches.count,
      mean_records: batches.count === 0 ? 0 : Math.round(batches.records / batches.count),
      last_records: batches.lastRecords,
      last_seconds: seconds(batches.lastMs / 1_000),
    },
    last_error: lastError(one),
    partitions: partitions.map(({ topic, partition, next, lag, lagSeconds, stalledSeconds, paused, waitingFor }) => ({
      topic,
      partition,
      next,
      lag_records: lag,
      lag_seconds: seconds(lagSeconds),
      stalled_seconds: seconds(stalledSeconds),
      paused: paused ?? null,
      waiting_for: waitingFor ?? null,
    })),
  };
}

function lastError({ lastError: message, lastErrorAt }: ReportedStage) {
  if (message === undefined || lastErrorAt === undefined) return null;
  return { message, at: instant(lastErrorAt) };
}
