import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { ServerUrls } from '../../stack/urls.ts';
import { cpuSecondsBetween, cpuTimeOf, peakMemoryMiB } from '../harness/cpu-time.ts';
import { forkGenerator, type Generator } from '../harness/forked-generator.ts';
import type { ProductProcess } from '../harness/product-process.ts';
import { type Latency, latencyOf } from '../harness/statistics.ts';
import { type DataSet, makeDataSet } from './data-set.ts';
import { fillForPeer, fillForServing } from './fill.ts';
import { type Level, type LoadPlan, type LoadResult, levels } from './load-plan.ts';
import { measureMemory, type RedisBytes } from './memory.ts';
import { type Surface, surfaces } from './population.ts';
import { openServeArea, type ServeArea, type SystemName, startSystem } from './target.ts';
import { verifyAnswers } from './verify.ts';

export interface ServeBenchOptions {
  readonly users: number;
  readonly items: number;
  readonly runs: number;
  /** Requests a second of the open loop. */
  readonly rate: number;
  /** Of each load. */
  readonly seconds: number;
  readonly connections: number;
  /** Requests that the closed loop makes at least, so that its first and last tenth can be compared. */
  readonly requests: number;
  /** Of the peer's loads; 0 leaves it out. */
  readonly peerSeconds: number;
  /** For the measured process, before its script: `--cpu-prof` and the like. */
  readonly nodeOptions: readonly string[];
  say(line: string): void;
  readonly signal: AbortSignal;
}

/** `steady` at a fixed rate, `saturated` as fast as answers come. */
export type LoadName = 'steady' | 'saturated';

interface Load {
  readonly system: SystemName;
  readonly surface: Surface;
  readonly pace: LoadPlan['pace'];
}

export interface ServeRun {
  readonly system: SystemName;
  readonly load: LoadName;
  readonly surface: Surface;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly latency: Latency;
  /** How late the generator itself was; it is part of the latency. */
  readonly lateness: Latency;
  readonly firstTenthP99: number;
  readonly lastTenthP99: number;
  /** Microseconds of processor time a request. */
  readonly cpu: { readonly system: number; readonly generator: number; readonly redis: number | null };
  /** Share of the requests by the rung that answered. */
  readonly levels: Readonly<Partial<Record<Level, number>>>;
  readonly answersCompared: number;
}

export interface ServeBench {
  readonly runs: readonly ServeRun[];
  readonly bytes: RedisBytes;
  readonly peakMemoryMiB: number;
}

export const sampleEvery = 100;
const warmUpSeconds = 3;

export const startServeGenerator = () =>
  forkGenerator<LoadPlan, LoadResult>(new URL('generator-process.ts', import.meta.url));

export function sharesOf(found: Uint8Array): Partial<Record<Level, number>> {
  const counts = new Map<Level, number>();
  for (const index of found) counts.set(levels[index] as Level, (counts.get(levels[index] as Level) ?? 0) + 1);
  return Object.fromEntries([...counts].map(([level, count]) => [level, Number((count / found.length).toFixed(4))]));
}

const p99Of = (latencies: Float64Array): number => latencyOf(latencies).p99;

class Bench {
  readonly #data: DataSet;
  readonly #generator: Generator<LoadPlan, LoadResult>;
  readonly #redisPid: number | undefined;
  readonly #signal: AbortSignal;
  #seed = 1;

  constructor(data: DataSet, generator: Generator<LoadPlan, LoadResult>, { redisPid }: ServeArea, signal: AbortSignal) {
    this.#data = data;
    this.#generator = generator;
    this.#redisPid = redisPid;
    this.#signal = signal;
  }

  /** One run; its answers are compared before its figures are given. */
  async run(process: ProductProcess, { system, surface, pace }: Load): Promise<ServeRun> {
    if (this.#signal.aborted) throw new FreshetError('bench_failed', 'stopped by a signal');
    this.#seed += 1;
    const cpu = () => ({
      system: cpuTimeOf(process.pid),
      redis: this.#redisPid === undefined ? undefined : cpuTimeOf(this.#redisPid),
    });
    const before = cpu();
    const plan = { url: process.url, surface, users: this.#data.users.length, seed: this.#seed, pace, sampleEvery };
    const result = await this.#generator.run(plan);
    const after = cpu();
    process.mustRun();
    const answersCompared = verifyAnswers(this.#data, result, surface);
    const { latencies, lateness, seconds } = result;
    const requests = latencies.length;
    const micros = (cpuSeconds: number) => Number(((cpuSeconds * 1e6) / requests).toFixed(1));
    const tenth = Math.ceil(requests / 10);
    return {
      system,
      load: pace.kind === 'open' ? 'steady' : 'saturated',
      surface,
      requests,
      requestsPerSecond: Math.round(requests / seconds),
      latency: latencyOf(latencies),
      lateness: latencyOf(lateness),
      firstTenthP99: p99Of(latencies.slice(0, tenth)),
      lastTenthP99: p99Of(latencies.slice(-tenth)),
      cpu: {
        system: micros(cpuSecondsBetween(before.system, after.system)),
        generator: micros(result.cpuSeconds),
        redis: before.redis && after.redis ? micros(cpuSecondsBetween(before.redis, after.redis)) : null,
      },
      levels: sharesOf(result.levels),
      answersCompared,
    };
  }
}

const lineOf = ({
  system,
  load,
  surface,
  requestsPerSecond,
  latency,
  cpu,
  firstTenthP99,
  lastTenthP99,
}: ServeRun): string =>
  [
    `${system.padEnd(7)} ${load.padEnd(9)} ${surface.padEnd(5)} ${requestsPerSecond} requests/s`,
    `p50 ${latency.p50}  p99 ${latency.p99}  p99.9 ${latency.p999} ms, p99 of tenths ${firstTenthP99} → ${lastTenthP99}`,
    `CPU µs a request ${cpu.system}, generator ${cpu.generator}, Redis ${cpu.redis ?? '?'}`,
  ].join('  ');

/**
 * Lists by HTTP beside a naive handler on the same data in the same Redis. Every hundredth answer must be that of the
 * reference, and every request answered with 200: else FreshetError `bench_failed`, and no figure.
 */
export async function benchServe(servers: ServerUrls, options: ServeBenchOptions): Promise<ServeBench> {
  const { say, signal, runs: count, rate, seconds, connections, requests, peerSeconds } = options;
  say(`making ${options.users} users and ${options.items} items`);
  const data = makeDataSet(options);
  const area = await openServeArea(servers);
  const generator = startServeGenerator();
  const processes: ProductProcess[] = [];
  const start = async (system: SystemName) => {
    const process = await startSystem(system, area, system === 'freshet' ? options.nodeOptions : []);
    processes.push(process);
    return process;
  };
  const closed = (forSeconds: number, atLeast: number): LoadPlan['pace'] => ({
    kind: 'closed',
    connections,
    seconds: forSeconds,
    atLeast,
  });
  const open: LoadPlan['pace'] = { kind: 'open', requestsPerSecond: rate, seconds };
  const bench = new Bench(data, generator, area, signal);
  const runs: ServeRun[] = [];
  const keep = (run: ServeRun) => {
    runs.push(run);
    say(lineOf(run));
  };
  try {
    await fillForServing(area.redis, data);
    const bytes = await measureMemory(area.redis, data);
    if (peerSeconds > 0) await fillForPeer(area.redis, data);
    const serving = await start('freshet');
    const naive = peerSeconds > 0 ? await start('naive') : undefined;
    for (const surface of surfaces) {
      await bench.run(serving, { system: 'freshet', surface, pace: closed(warmUpSeconds, 0) });
    }
    if (naive) await bench.run(naive, { system: 'naive', surface: 'list', pace: closed(warmUpSeconds, 0) });
    for (let run = 0; run < count; run += 1) {
      keep(await bench.run(serving, { system: 'freshet', surface: 'blend', pace: open }));
      for (const surface of surfaces) {
        keep(await bench.run(serving, { system: 'freshet', surface, pace: closed(seconds, requests) }));
      }
      if (naive) keep(await bench.run(naive, { system: 'naive', surface: 'list', pace: closed(peerSeconds, 0) }));
    }
    return { runs, bytes, peakMemoryMiB: peakMemoryMiB(serving.pid) };
  } finally {
    await generator.close();
    for (const process of processes) await process.stop();
    await area.close();
  }
}
