import type { BenchReport } from '../harness/bench-report.ts';
import type { Machine } from '../harness/machine.ts';
import { median, type Spread, spread } from '../harness/statistics.ts';
import type { AggregateBenchOptions, AggregateRun } from './bench.ts';

function figuresOf(runs: readonly AggregateRun[]) {
  const of = (figure: (run: AggregateRun) => number) => spread(runs.map(figure));
  const known = (figure: (run: AggregateRun) => number | null): Spread | null => {
    const values = runs.map(figure).filter((value) => value !== null);
    return values.length > 0 ? spread(values) : null;
  };
  const quarter = (at: number, figure: 'rssMiB' | 'eventsPerSecond') =>
    median(runs.map(({ quarters }) => quarters[at]?.[figure] ?? Number.NaN));
  return {
    events: runs[0]?.events ?? 0,
    eventsPerSecond: of((run) => run.eventsPerSecond),
    fromStartPerSecond: of((run) => run.fromStartPerSecond),
    lastQuarterPerSecond: quarter(3, 'eventsPerSecond'),
    cpuSecondsPerMillion: of((run) => run.cpuSecondsPerMillion),
    postgresSecondsPerMillion: known((run) => run.postgresSecondsPerMillion),
    kafkaSecondsPerMillion: known((run) => run.kafkaSecondsPerMillion),
    batch: known((run) => run.batch),
    rssMiB: [0, 1, 2, 3].map((at) => quarter(at, 'rssMiB')),
    peakMiB: of((run) => run.peakMiB),
  };
}

type Figures = ReturnType<typeof figuresOf>;

const header = [
  'load',
  'events',
  'events/s',
  'from–to',
  'last quarter/s',
  'CPU s/M',
  'Postgres CPU s/M',
  'Kafka CPU s/M',
  'events/transaction',
  'RSS MiB at 25, 50, 75, 100 %',
  'peak MiB',
];

const rowOf = (name: string, { eventsPerSecond: rate, ...rest }: Figures) => [
  name,
  rest.events,
  rate.median,
  `${rate.min.toLocaleString('en')}–${rate.max.toLocaleString('en')}`,
  rest.lastQuarterPerSecond,
  rest.cpuSecondsPerMillion.median,
  rest.postgresSecondsPerMillion?.median ?? 'unknown',
  rest.kafkaSecondsPerMillion?.median ?? 'unknown',
  rest.batch?.median ?? 'unknown',
  rest.rssMiB.map(Math.round).join(', '),
  rest.peakMiB.max,
];

/** Medians of the runs beside their least and greatest. */
export function aggregateReport(
  runs: readonly AggregateRun[],
  options: Omit<AggregateBenchOptions, 'say' | 'signal'>,
  head: { readonly command: string; readonly startedAt: string; readonly machine: Machine },
): BenchReport {
  const groups = Map.groupBy(runs, ({ scenario, system }) => (scenario === 'peer' ? `peer ${system}` : scenario));
  const figures = new Map([...groups].map(([name, group]) => [name, figuresOf(group)]));
  const [ours, naive] = ['peer freshet', 'peer naive'].map((name) => figures.get(name)?.eventsPerSecond.median);
  const ratio = ours && naive ? Number((ours / naive).toFixed(1)) : null;
  const table = (title: string, isPeer: boolean) => ({
    title,
    header,
    rows: [...figures].filter(([name]) => name.startsWith('peer') === isPeer).map(([name, of]) => rowOf(name, of)),
  });
  const own = table(`Aggregation, medians of ${options.runs} runs`, false);
  const peer = table('Beside a transaction an event', true);
  return {
    ...head,
    config: options as unknown as Readonly<Record<string, unknown>>,
    runs,
    summary: { ...Object.fromEntries(figures), ratioToNaive: ratio },
    tables: [own, peer].filter(({ rows }) => rows.length > 0),
    notes: [
      'A run counts after every event of the topic was found applied exactly once, item_activity had the right sums, and the records and sessions of at least 200 users (the ten busiest among them) were those of a reference computation.',
      'Events a second: from the claim of the partitions to the last committed offset. One process with the role aggregation; Kafka, Postgres and the bench share the machine; no relay runs.',
      'zipf: a day of 100,000 users and 20,000 items drawn by Zipf’s law, sessions as in the demo’s click log, one event in 50 up to an hour late. hot: one user makes 10 % of the events, one item 20 %. long: 10,000 users with 200 recent events and a current session of 100, each in turn. fresh: a new user with every event.',
      ...(ratio === null
        ? []
        : [`On the peer’s events, batches are ${ratio} times as fast as a transaction an event.`]),
    ],
  };
}
