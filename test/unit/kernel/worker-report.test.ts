import { expect, it } from 'vitest';
import type { RunnerStatus } from '../../../pipeline/kernel/runner/options.ts';
import { type ReportedWorker, workerReport } from '../../../pipeline/kernel/worker-report.ts';

const running = (stage: string, topics: readonly string[], stateVersion = 0): RunnerStatus => ({
  stage,
  name: stage,
  stateVersion,
  topics,
  state: 'running',
  partitions: [],
  counts: { processed: 0, skipped: {}, deadLettered: {} },
  batches: { count: 0, records: 0, lastRecords: 0, lastMs: 0 },
});

const worker = (instance: string, silentMs: number, ...stages: RunnerStatus[]): ReportedWorker => ({
  instance,
  roles: [],
  appVersion: '1',
  startedAt: 0,
  seenAt: 0,
  silentMs,
  state: { stages, relays: [] },
});

const expected = (stage: string, topic: string, stateVersion = 0) => ({ stage, topic, stateVersion });
const offset = (stage: string, topic: string, stateVersion: number) => ({
  ...expected(stage, topic, stateVersion),
  partition: 0,
  nextOffset: 7n,
  owner: 'gone',
  updatedAt: 5,
});

it('names the stages that nobody speaks for, with their stored offsets', () => {
  const { missing } = workerReport({
    workers: [worker('a', 200, running('enrichment', ['recorded']), running('aggregation', ['enriched'], 1))],
    expected: [
      expected('enrichment', 'recorded'),
      expected('aggregation', 'enriched', 1),
      expected('aggregation', 'enriched', 2),
    ],
    offsets: [offset('aggregation', 'enriched', 1), offset('aggregation', 'enriched', 2)],
    endOf: () => 10n,
  });
  expect(missing).toEqual([
    {
      stage: 'aggregation',
      stateVersion: 2,
      topics: ['enriched'],
      lastReportedBy: [],
      offsets: [{ topic: 'enriched', partition: 0, nextOffset: 7n, owner: 'gone', updatedAt: 5, lag: 3 }],
    },
  ]);
});

it('takes a stage for missing whose only process has fallen silent, and says who that was', () => {
  const { missing, stages, workers } = workerReport({
    workers: [worker('b', 5_100, running('enrichment', ['recorded']))],
    expected: [expected('enrichment', 'recorded')],
    offsets: [],
  });
  expect(missing).toMatchObject([{ stage: 'enrichment', lastReportedBy: ['b'] }]);
  expect(stages).toMatchObject([{ instance: 'b', state: 'stale', silentMs: 5_100 }]);
  expect(workers).toMatchObject([{ instance: 'b', isStale: true }]);
});

it('looks at each topic of a stage that is run once a topic', () => {
  const { missing } = workerReport({
    workers: [worker('a', 0, running('intake', ['one']))],
    expected: [expected('intake', 'one'), expected('intake', 'two'), expected('intake', 'three')],
    offsets: [],
  });
  expect(missing).toMatchObject([{ stage: 'intake', topics: ['two', 'three'] }]);
});
