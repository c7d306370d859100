import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { checkoutRoot, stackFolder } from '../../stack/paths.ts';
import { readState } from '../../stack/state.ts';
import type { ServerUrls } from '../../stack/urls.ts';
import { type CpuTime, cpuSecondsBetween, cpuTimeOf, peakMemoryMiB } from '../harness/cpu-time.ts';
import { type Latency, latencyOf, median } from '../harness/statistics.ts';
import { type Generator, startGenerator } from './generator-process.ts';
import type { LoadPlan } from './load-plan.ts';
import { startTarget, type Target } from './target.ts';

export interface IngestBenchOptions {
  readonly rounds: number;
  /** Requests a run of the closed loop, and of the one at half its rate. */
  readonly batches: number;
  readonly connections: number;
  /** Requests a run of single events. */
  readonly singles: number;
  readonly singlesPerSecond: number;
  /** For the measured process, before its script: `--cpu-prof` and the like. */
  readonly nodeOptions: readonly string[];
  readonly onRun: (run: IngestRun) => void;
  /** Ends it after the run under way; what it made is removed, as always. */
  readonly signal?: AbortSignal;
}

/** `batches` as fast as they are answered, `singles` at a fixed rate, `half` batches at half the rate of `batches`. */
export type LoadName = 'batches' | 'singles' | 'half';

export interface IngestRun {
  readonly load: LoadName;
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly latency: Latency;
  /** How late the generator itself was; it is part of the latency. */
  readonly lateness: Latency;
  readonly cpuSecondsPerMillion: number;
  /** Of the whole Postgres server; null where it is not this checkout's own. */
  readonly postgresCpuSecondsPerMillion: number | null;
}

export interface IngestBench {
  readonly runs: readonly IngestRun[];
  readonly peakMemoryMiB: number;
}

export const batchEvents = 100;

/** The stack's own Postgres, where it is a process of this machine. */
function postgresPid(urls: ServerUrls): number | undefined {
  const state = readState(stackFolder(checkoutRoot()));
  const isOwn = state?.driver === 'embedded' && Number(new URL(urls.postgresUrl).port) === state.ports.postgres;
  return isOwn ? state.processes.postgres?.pid : undefined;
}

class Bench {
  readonly #target: Target;
  readonly #generator: Generator;
  readonly #postgres: number | undefined;
  /** Time-ordered ids: as those of clients, later runs come later. */
  #run = Date.now();

  constructor(target: Target, generator: Generator, postgres: number | undefined) {
    this.#target = target;
    this.#generator = generator;
    this.#postgres = postgres;
  }

  /** One run, counted back before its figures are given. */
  async run(load: LoadName, plan: Omit<LoadPlan, 'url' | 'run'>): Promise<IngestRun> {
    this.#run += 1;
    const events = plan.requests * plan.batch;
    const before = this.#cpu();
    const { seconds, latencies, lateness } = await this.#generator.run({
      ...plan,
      url: this.#target.url,
      run: this.#run,
    });
    const after = this.#cpu();
    await this.#target.verify(this.#run, events);
    const perMillion = (from: CpuTime, to: CpuTime) =>
      Number(((cpuSecondsBetween(from, to) / events) * 1e6).toFixed(1));
    return {
      load,
      events,
      eventsPerSecond: Math.round(events / seconds),
      latency: latencyOf(Float64Array.from(latencies)),
      lateness: latencyOf(Float64Array.from(lateness)),
      cpuSecondsPerMillion: perMillion(before.ingest, after.ingest),
      postgresCpuSecondsPerMillion:
        before.postgres && after.postgres ? perMillion(before.postgres, after.postgres) : null,
    };
  }

  #cpu() {
    const postgres = this.#postgres === undefined ? undefined : cpuTimeOf(this.#postgres);
    return { ingest: cpuTimeOf(this.#target.pid), postgres };
  }
}

/**
 * The same numbers of requests in every run, after a warm-up of each load. Every event must be accepted, and the outbox
 * must hold exactly those of the run by event id: else FreshetError `bench_failed`, and no figure of that run.
 */
export async function benchIngest(urls: ServerUrls, options: IngestBenchOptions): Promise<IngestBench> {
  const { rounds, batches, connections, singles, singlesPerSecond, onRun, signal } = options;
  const target = await startTarget(urls, options.nodeOptions);
  const generator = startGenerator();
  const bench = new Bench(target, generator, postgresPid(urls));
  const runs: IngestRun[] = [];
  const rate = () => median(runs.filter(({ load }) => load === 'batches').map((one) => one.eventsPerSecond));
  const plans = {
    batches: { requests: batches, batch: batchEvents, pace: { kind: 'closed', connections } },
    singles: { requests: singles, batch: 1, pace: { kind: 'open', requestsPerSecond: singlesPerSecond } },
  } as const;
  const half = () =>
    ({
      requests: batches,
      batch: batchEvents,
      pace: { kind: 'open', requestsPerSecond: rate() / 2 / batchEvents },
    }) as const;
  const keep = (run: IngestRun) => {
    if (signal?.aborted) throw new FreshetError('bench_failed', 'stopped by a signal');
    runs.push(run);
    onRun(run);
  };
  try {
    await bench.run('batches', plans.batches);
    await bench.run('singles', plans.singles);
    for (let round = 0; round < rounds; round += 1) {
      keep(await bench.run('batches', plans.batches));
      keep(await bench.run('singles', plans.singles));
    }
    for (let round = 0; round < rounds; round += 1) keep(await bench.run('half', half()));
    return { runs, peakMemoryMiB: peakMemoryMiB(target.pid) };
  } finally {
    await generator.close();
    await target.close();
  }
}
