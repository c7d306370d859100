import type { BenchReport } from '../harness/bench-report.ts';
import type { Machine } from '../harness/machine.ts';
import { median, spread } from '../harness/statistics.ts';
import { type LoadName, type ServeBench, type ServeBenchOptions, type ServeRun, sampleEvery } from './bench.ts';
import { blendDiversity, blendWeights, listLength, type Surface } from './population.ts';
import type { SystemName } from './target.ts';

function figuresOf(runs: readonly ServeRun[]) {
  const of = (figure: (run: ServeRun) => number) => spread(runs.map(figure));
  const redis = runs.map((run) => run.cpu.redis).filter((value) => value !== null);
  return {
    requestsPerSecond: of((run) => run.requestsPerSecond),
    p50Ms: of((run) => run.latency.p50),
    p99Ms: of((run) => run.latency.p99),
    p999Ms: of((run) => run.latency.p999),
    generatorLateP99Ms: of((run) => run.lateness.p99),
    firstTenthP99Ms: of((run) => run.firstTenthP99),
    lastTenthP99Ms: of((run) => run.lastTenthP99),
    requests: Math.min(...runs.map((run) => run.requests)),
    cpuMicroseconds: of((run) => run.cpu.system),
    generatorCpuMicroseconds: of((run) => run.cpu.generator),
    redisCpuMicroseconds: redis.length > 0 ? spread(redis) : null,
    levels: runs[0]?.levels ?? {},
    answersCompared: runs.reduce((sum, run) => sum + run.answersCompared, 0),
  };
}

type Figures = ReturnType<typeof figuresOf>;

const rowOf = (name: string, { requestsPerSecond: rate, ...rest }: Figures) => [
  name,
  rate.median,
  `${rate.min.toLocaleString('en')}–${rate.max.toLocaleString('en')}`,
  rest.p50Ms.median,
  rest.p99Ms.median,
  `${rest.p99Ms.min.toFixed(1)}–${rest.p99Ms.max.toFixed(1)}`,
  rest.p999Ms.median,
  rest.generatorLateP99Ms.median,
  `${rest.firstTenthP99Ms.median.toFixed(1)} → ${rest.lastTenthP99Ms.median.toFixed(1)}`,
  rest.cpuMicroseconds.median,
  rest.generatorCpuMicroseconds.median,
  rest.redisCpuMicroseconds?.median ?? 'unknown',
];

const header = [
  'load',
  'requests/s',
  'from–to',
  'p50 ms',
  'p99 ms',
  'from–to',
  'p99.9 ms',
  'late p99 ms',
  'p99 ms, first → last tenth',
  'CPU µs/request',
  'generator',
  'Redis',
];

const ratio = (of: number, to: number): number => Number((of / to).toFixed(1));

/** Medians of the runs beside their least and greatest. */
export function serveReport(
  { runs, bytes, peakMemoryMiB }: ServeBench,
  options: Omit<ServeBenchOptions, 'say' | 'signal'>,
  head: { readonly command: string; readonly startedAt: string; readonly machine: Machine },
): BenchReport {
  const of = (system: SystemName, load: LoadName, surface: Surface) => {
    const own = runs.filter((run) => run.system === system && run.load === load && run.surface === surface);
    return own.length > 0 ? figuresOf(own) : undefined;
  };
  const steady = of('freshet', 'steady', 'blend');
  const saturated = of('freshet', 'saturated', 'list');
  const blend = of('freshet', 'saturated', 'blend');
  const naive = of('naive', 'saturated', 'list');
  const beside =
    saturated && naive
      ? {
          requestsPerSecond: ratio(saturated.requestsPerSecond.median, naive.requestsPerSecond.median),
          p99: ratio(naive.p99Ms.median, saturated.p99Ms.median),
          cpu: ratio(naive.cpuMicroseconds.median, saturated.cpuMicroseconds.median),
        }
      : null;
  const { rate, connections } = options;
  const rows = [
    ...(steady ? [rowOf(`blend, ${rate.toLocaleString('en')} requests/s`, steady)] : []),
    ...(blend ? [rowOf(`blend, saturated, ${connections} connections`, blend)] : []),
    ...(saturated ? [rowOf(`list, saturated, ${connections} connections`, saturated)] : []),
    ...(naive ? [rowOf(`naive handler, list, saturated, ${connections} connections`, naive)] : []),
  ];
  const shares = Object.entries(saturated?.levels ?? {}).map(
    ([level, share]) => `${level} ${(100 * share).toFixed(1)} %`,
  );
  const compared = runs.reduce((sum, run) => sum + run.answersCompared, 0);
  return {
    ...head,
    config: options as unknown as Readonly<Record<string, unknown>>,
    runs,
    summary: { steady, blend, saturated, naive, ratioToNaive: beside, bytes, peakMemoryMiB },
    tables: [
      { title: `Lists of ${listLength}, medians of ${options.runs} runs`, header, rows },
      {
        title: 'Redis, bytes',
        header: ['what', 'mean', 'looked at'],
        rows: [
          ['user: list of 150 and profile', bytes.user, bytes.usersLookedAt],
          ['user: recent events', bytes.recent, bytes.usersLookedAt],
          ['item: similar list and attributes', bytes.item, bytes.itemsLookedAt],
        ],
      },
    ],
    notes: [
      `${options.users} users of whom a tenth are cold, ${options.items} items; a tenth of the requests come from cold users, both kinds by Zipf’s law. Lists have 150 candidates; session, bought, in cart, dismissed and recent items are held back, 3 % of the items are unavailable, 1 % archived. Answered from: ${shares.join(', ')}.`,
      `Every ${sampleEvery}th answer (${compared} in all) was compared with a reference worked out from the data set, item by item, with the rung and what it reflects; every request was answered with 200.`,
      `The surface "list" shows the user’s list as it is, "blend" fuses it with what is popular (weights ${blendWeights.personal} and ${blendWeights.popular}) and chooses by maximal marginal relevance (${blendDiversity}).`,
      'At a fixed rate latency counts from when a request was due, so it holds the generator’s own lateness (late p99); saturated it counts from sending. The tenths are those of the requests in order.',
      `One process with the role \`serving\` (peak memory ${peakMemoryMiB} MiB), Redis, the generator and idle Postgres, Kafka and registry share the machine. CPU is that of the process, of the generator and of Redis.`,
      ...(beside
        ? [
            `The naive handler (Hono, ioredis with pipelining, a sorted set a list, MGET of a JSON document an item) on the same data and the same Redis: freshet answers ${beside.requestsPerSecond} times as many requests, p99 is ${beside.p99} times lower, processor time a request ${beside.cpu} times less. Its answers were compared, too. Medians: ${median(runs.filter((run) => run.system === 'naive').map((run) => run.requestsPerSecond))} requests/s.`,
          ]
        : []),
    ],
  };
}
