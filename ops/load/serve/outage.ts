import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type ChaosServers, openChaosServers } from '../../chaos/servers.ts';
import type { ServerUrls } from '../../stack/urls.ts';
import type { ProductProcess } from '../harness/product-process.ts';
import { type Latency, latencyOf } from '../harness/statistics.ts';
import { sampleEvery, sharesOf, startServeGenerator } from './bench.ts';
import { type DataSet, makeDataSet } from './data-set.ts';
import { fillForServing } from './fill.ts';
import { type Level, type LoadPlan, type LoadResult, levels } from './load-plan.ts';
import { openServeArea, startSystem } from './target.ts';
import { surface, verifyOutage } from './verify-outage.ts';

export interface OutageOptions {
  readonly users: number;
  readonly items: number;
  readonly rate: number;
  /** Before, during, and after the outage each. */
  readonly seconds: number;
  /** `kill`: SIGKILL, then started again with what it had saved. `freeze`: SIGSTOP, then SIGCONT. */
  readonly fault: 'kill' | 'freeze';
  readonly nodeOptions: readonly string[];
  say(line: string): void;
}

export const phases = ['before', 'during', 'after'] as const;
export type PhaseName = (typeof phases)[number];

export interface Phase {
  readonly name: PhaseName;
  readonly requests: number;
  /** Share of requests not answered with 200. */
  readonly errors: number;
  readonly latency: Latency;
  readonly levels: Readonly<Partial<Record<Level, number>>>;
}

export interface Outage {
  readonly phases: readonly Phase[];
  /** From Redis answering again to the last request that was answered without it. */
  readonly recoveredMs: number;
  readonly answersCompared: number;
}

interface Moments {
  /** Wall clock, milliseconds. */
  readonly awayAt: number;
  readonly backAt: number;
}

const now = () => performance.timeOrigin + performance.now();

async function makeOutage(servers: ChaosServers, { seconds, fault }: OutageOptions): Promise<Moments> {
  await delay(seconds * 1_000);
  const awayAt = now();
  const thaw = fault === 'freeze' ? servers.freeze('redis') : undefined;
  if (!thaw) await servers.stop('redis', 'SIGKILL');
  await delay(awayAt + seconds * 1_000 - now());
  if (thaw) thaw();
  else await servers.start('redis');
  const redis = new Redis(servers.urls.redisUrl);
  await redis.ping();
  redis.disconnect();
  return { awayAt, backAt: now() };
}

/** Index of the first request due at or after a moment. */
const indexAt = (moment: number, { startedAt, latencies }: LoadResult, rate: number): number =>
  Math.min(latencies.length, Math.max(0, Math.ceil(((moment - startedAt) * rate) / 1_000)));

function phaseOf(name: PhaseName, result: LoadResult, [from, to]: readonly [number, number]): Phase {
  const statuses = result.statuses.slice(from, to);
  return {
    name,
    requests: statuses.length,
    errors: Number((statuses.filter((status) => status !== 200).length / statuses.length).toFixed(5)),
    latency: latencyOf(result.latencies.slice(from, to)),
    levels: sharesOf(result.levels.slice(from, to)),
  };
}

const known: readonly Level[] = ['personal', 'session'];

/** Index after the last request whose user Redis knows and whose answer did not come from it. */
function wholeFrom(data: DataSet, { users, levels: found }: LoadResult, back: number): number {
  const last = found.findLastIndex((level, index) => {
    const user = data.users[users[index] as number];
    const isKnown = user?.known !== undefined || (user?.recent.length ?? 0) > 0;
    return index >= back && isKnown && !known.includes(levels[level] as Level);
  });
  return Math.max(back, last + 1);
}

/** Phases by when a request was due; throws FreshetError `bench_failed` where an answer was not what it must be. */
function judge(data: DataSet, result: LoadResult, { awayAt, backAt }: Moments, rate: number): Outage {
  const [away, back, end] = [indexAt(awayAt, result, rate), indexAt(backAt, result, rate), result.latencies.length];
  const wholeAgain = wholeFrom(data, result, back);
  /** Those that were due before and answered after are neither. */
  const answeredBefore = (index: number) =>
    result.startedAt + (index * 1_000) / rate + (result.latencies[index] as number) < awayAt;
  const isWhole = (index: number) => index >= wholeAgain || answeredBefore(index);
  const answersCompared = verifyOutage(data, result, isWhole);
  return {
    phases: [
      phaseOf('before', result, [0, away]),
      phaseOf('during', result, [away, back]),
      phaseOf('after', result, [back, end]),
    ],
    recoveredMs: Math.round(((wholeAgain - back) * 1_000) / rate),
    answersCompared,
  };
}

/** Lists at a fixed rate while a Redis that belongs to this bench alone goes away and comes back. */
export async function benchOutage(servers: ServerUrls, options: OutageOptions): Promise<Outage> {
  const { say, seconds, rate, users } = options;
  const data = makeDataSet(options);
  const own = await openChaosServers(() => undefined, ['redis']);
  const generator = startServeGenerator();
  let serving: ProductProcess | undefined;
  try {
    const area = await openServeArea(servers, own.urls.redisUrl);
    try {
      await fillForServing(area.redis, data);
      await area.redis.save();
      serving = await startSystem('freshet', area, options.nodeOptions);
      const plan = (forSeconds: number): LoadPlan => ({
        url: serving?.url ?? '',
        surface,
        users,
        seed: 1,
        pace: { kind: 'open', requestsPerSecond: rate, seconds: forSeconds },
        sampleEvery: Math.ceil(sampleEvery / 10),
      });
      await generator.run(plan(2));
      say(
        `${rate} requests/s for ${3 * seconds} s; ${options.fault} of Redis after ${seconds} s, back ${seconds} s later`,
      );
      const [result, moments] = await Promise.all([generator.run(plan(3 * seconds)), makeOutage(own, options)]);
      serving.mustRun();
      return judge(data, result, moments, rate);
    } finally {
      await serving?.stop();
      await area.close();
    }
  } finally {
    await generator.close();
    await own.close();
  }
}
