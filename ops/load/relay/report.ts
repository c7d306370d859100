import type { BenchReport, BenchTable } from '../harness/bench-report.ts';
import type { Cell } from '../harness/markdown-table.ts';
import { formatNumber } from '../harness/markdown-table.ts';
import { spread } from '../harness/statistics.ts';
import type { RelayBench, RelayBenchOptions } from './bench.ts';
import type { DrainRun } from './drain.ts';

/** Median and, in brackets, the least and the most. */
function cell(values: readonly (number | null)[]): Cell {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return 'unknown';
  const { median, min, max } = spread(known);
  return known.length === 1
    ? formatNumber(median)
    : `${formatNumber(median)} (${formatNumber(min)}–${formatNumber(max)})`;
}

/** Numeric fields of the runs as spreads, for the JSON. */
function spreads(runs: readonly object[]): Record<string, unknown> {
  const [first = {}] = runs;
  const numeric = Object.entries(first).filter(([, value]) => typeof value === 'number');
  return Object.fromEntries(
    numeric.map(([name]) => [name, spread(runs.map((run) => Number((run as Record<string, unknown>)[name])))]),
  );
}

const drainColumns: readonly (readonly [string, keyof DrainRun])[] = [
  ['events/s', 'eventsPerSecond'],
  ['first tenth/s', 'firstTenthPerSecond'],
  ['last tenth/s', 'lastTenthPerSecond'],
  ['with its start/s', 'fromStartPerSecond'],
  ['first event ms', 'firstEventMs'],
  ['CPU s/M', 'cpuSecondsPerMillion'],
  ['peak MiB', 'peakMiB'],
  ['Postgres CPU s/M', 'postgresSecondsPerMillion'],
  ['Kafka CPU s/M', 'kafkaSecondsPerMillion'],
  ['duplicates', 'duplicates'],
];

function groupsOf<Run>(runs: readonly Run[], nameOf: (run: Run) => string): (readonly [string, readonly Run[]])[] {
  const names = [...new Set(runs.map(nameOf))];
  return names.map((name) => [name, runs.filter((run) => nameOf(run) === name)]);
}

const drainName = ({ system, start }: DrainRun): string => `${system}, ${start}`;

function drainTable(runs: readonly DrainRun[], events: number): BenchTable {
  return {
    title: `Drain a backlog of ${events.toLocaleString('en')} events`,
    header: ['system', ...drainColumns.map(([title]) => title)],
    rows: groupsOf(runs, drainName).map(([name, own]) => [
      name,
      ...drainColumns.map(([, field]) => cell(own.map((run) => run[field] as number | null))),
    ]),
  };
}

const drainNotes = [
  'Drain: from the first record in the topic to the last, by the append times that the broker gives; "with its start" counts from the start of the process. Cold: the process is started on the backlog.',
  "CPU s/M: seconds of the relay's own process for a million events, its start included where it is cold; peak MiB is its greatest resident memory (VmHWM).",
];

/** Medians and spreads of what was run, for both files. */
export function relayReport(
  bench: RelayBench,
  options: RelayBenchOptions,
  head: Pick<BenchReport, 'command' | 'startedAt' | 'machine'>,
): BenchReport {
  const { systems, scenarios, runs, events, nodeOptions } = options;
  const { drains, payloadBytes } = bench;
  return {
    ...head,
    config: { systems, scenarios, runs, events, payloadBytes, nodeOptions, partitions: 8, acks: -1 },
    runs: drains.map((run) => ({ scenario: 'drain', ...run })),
    summary: { drain: Object.fromEntries(groupsOf(drains, drainName).map(([name, own]) => [name, spreads(own)])) },
    tables: drains.length > 0 ? [drainTable(drains, events)] : [],
    notes: [
      `Median of ${runs} runs after a warm-up, systems in turns; in brackets the least and the most.`,
      `Before a figure was given the topic was read back, committed records only: every event there, byte for byte, in order for each key; duplicates are counted.`,
      ...(drains.length > 0 ? drainNotes : []),
    ],
  };
}
