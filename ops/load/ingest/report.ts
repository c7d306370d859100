import type { BenchReport } from '../harness/bench-report.ts';
import type { Machine } from '../harness/machine.ts';
import { spread } from '../harness/statistics.ts';
import { batchEvents, type IngestBench, type IngestBenchOptions, type IngestRun, type LoadName } from './bench.ts';

function figuresOf(runs: readonly IngestRun[]) {
  const of = (figure: (run: IngestRun) => number) => spread(runs.map(figure));
  const postgres = runs.map((run) => run.postgresCpuSecondsPerMillion).filter((value) => value !== null);
  return {
    eventsPerSecond: of((run) => run.eventsPerSecond),
    p50Ms: of((run) => run.latency.p50),
    p99Ms: of((run) => run.latency.p99),
    p999Ms: of((run) => run.latency.p999),
    generatorLateP99Ms: of((run) => run.lateness.p99),
    cpuSecondsPerMillion: of((run) => run.cpuSecondsPerMillion),
    postgresCpuSecondsPerMillion: postgres.length > 0 ? spread(postgres) : null,
  };
}

type Figures = ReturnType<typeof figuresOf>;

const rowOf = (name: string, { eventsPerSecond: rate, ...rest }: Figures) => [
  name,
  rate.median,
  `${rate.min.toLocaleString('en')}–${rate.max.toLocaleString('en')}`,
  rest.p50Ms.median,
  rest.p99Ms.median,
  `${rest.p99Ms.min.toFixed(1)}–${rest.p99Ms.max.toFixed(1)}`,
  rest.generatorLateP99Ms.median,
  rest.cpuSecondsPerMillion.median,
  rest.postgresCpuSecondsPerMillion?.median ?? 'unknown',
];

/** Medians of the runs beside their least and greatest. */
export function ingestReport(
  { runs, peakMemoryMiB }: IngestBench,
  options: Omit<IngestBenchOptions, 'onRun' | 'signal'>,
  head: { readonly command: string; readonly startedAt: string; readonly machine: Machine },
): BenchReport {
  const of = (name: LoadName) => figuresOf(runs.filter(({ load }) => load === name));
  const loads = { batches: of('batches'), singles: of('singles'), half: of('half') };
  const { rounds, batches, connections, singles, singlesPerSecond } = options;
  const names = {
    batches: `batches of ${batchEvents}, ${connections} connections`,
    singles: `single events, ${singlesPerSecond}/s`,
    half: `batches of ${batchEvents}, half that rate`,
  };
  const header = [
    'load',
    'events/s',
    'from–to',
    'p50 ms',
    'p99 ms',
    'from–to',
    'late p99 ms',
    'CPU s/M',
    'Postgres CPU s/M',
  ];
  const title = `HTTP ingest, medians of ${rounds} runs`;
  return {
    ...head,
    config: options as unknown as Readonly<Record<string, unknown>>,
    runs,
    summary: { ...loads, peakMemoryMiB },
    tables: [
      {
        title,
        header,
        rows: [rowOf(names.batches, loads.batches), rowOf(names.singles, loads.singles), rowOf(names.half, loads.half)],
      },
    ],
    notes: [
      `A run is ${batches} batches or ${singles} single events, after a warm-up run; every event was accepted and found in the outbox by its event id before its run was counted.`,
      'Generator, ingest, Postgres, Kafka, registry and Redis share the machine; ingest is a process of its own with the role `ingest` only, its peak memory was ' +
        `${peakMemoryMiB} MiB.`,
      'Single events and half the rate are open loops: latency counts from when a request was due, so it holds the generator’s own lateness (late p99). In the closed loop it counts from sending.',
      'CPU seconds a million events are those of the ingest process; of Postgres those of the whole server.',
    ],
  };
}
