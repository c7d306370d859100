import type { BenchReport } from '../harness/bench-report.ts';
import type { Machine } from '../harness/machine.ts';
import { spread } from '../harness/statistics.ts';
import type { FreshnessBench, FreshnessBenchOptions, FreshnessRun, LoadName } from './bench.ts';

function figuresOf(runs: readonly FreshnessRun[]) {
  const of = (figure: (run: FreshnessRun) => number) => spread(runs.map(figure));
  return {
    eventsPerSecond: of((run) => run.eventsPerSecond),
    p50Ms: of((run) => run.freshness.p50),
    p99Ms: of((run) => run.freshness.p99),
    maxMs: of((run) => run.freshness.max),
    followed: runs.reduce((sum, run) => sum + run.freshness.count, 0),
    acceptedP50Ms: of((run) => run.accepted.p50),
    acceptedP99Ms: of((run) => run.accepted.p99),
    generatorLateP99Ms: of((run) => run.lateness.p99),
    cpuMicroseconds: of((run) => run.cpuMicroseconds),
  };
}

type Figures = ReturnType<typeof figuresOf>;

const rowOf = (name: string, { p99Ms, ...rest }: Figures) => [
  name,
  rest.p50Ms.median,
  p99Ms.median,
  `${p99Ms.min.toFixed(0)}–${p99Ms.max.toFixed(0)}`,
  rest.maxMs.max,
  rest.followed,
  rest.acceptedP50Ms.median,
  rest.acceptedP99Ms.median,
  rest.generatorLateP99Ms.median,
  rest.cpuMicroseconds.median,
];

/** Medians of the runs beside their least and greatest. */
export function freshnessReport(
  { runs, peakMemoryMiB }: FreshnessBench,
  options: Omit<FreshnessBenchOptions, 'say' | 'signal'>,
  head: { readonly command: string; readonly startedAt: string; readonly machine: Machine },
): BenchReport {
  const { rate, batch, seconds, idleSeconds, users, items } = options;
  const rows = (['busy', 'idle'] as const satisfies LoadName[]).flatMap((load) => {
    const own = runs.filter((run) => run.load === load);
    const name =
      load === 'busy' ? `${rate.toLocaleString('en')} events/s for ${seconds} s` : `1 event/s for ${idleSeconds} s`;
    return own.length > 0 ? [{ load, name, figures: figuresOf(own) }] : [];
  });
  return {
    ...head,
    config: options as unknown as Readonly<Record<string, unknown>>,
    runs,
    summary: { ...Object.fromEntries(rows.map(({ load, figures }) => [load, figures])), peakMemoryMiB },
    tables: [
      {
        title: `From POST to a list that reflects the event, medians of ${options.runs} runs`,
        header: [
          'load',
          'p50 ms',
          'p99 ms',
          'from–to',
          'max ms',
          'followed',
          'accepted p50 ms',
          'accepted p99 ms',
          'late p99 ms',
          'CPU µs/event',
        ],
        rows: rows.map(({ name, figures }) => rowOf(name, figures)),
      },
    ],
    notes: [
      `POSTs of ${batch} events at fixed times (of 1 where there is one event a second); the first event of some is followed: its user's list is asked for every 5 ms (or every 20th of the time taken so far, where that is more) until \`reflects\` is that event or a later one. All times count from when the POST was due, so they hold the generator’s own lateness (late p99).`,
      'A run counts when every event was accepted, every followed one was reflected within 30 s, and feature state has counted each accepted event once.',
      `${users} users evenly, ${items} items by Zipf’s law. Every role in one process (peak memory ${peakMemoryMiB} MiB); Postgres, Kafka, registry, Redis and the generator share the machine. CPU is that of the process, the lists it answered included.`,
    ],
  };
}
