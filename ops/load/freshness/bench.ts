import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { ServerUrls } from '../../stack/urls.ts';
import { cpuSecondsBetween, cpuTimeOf, peakMemoryMiB } from '../harness/cpu-time.ts';
import { forkGenerator, type Generator } from '../harness/forked-generator.ts';
import { type Latency, latencyOf } from '../harness/statistics.ts';
import { openWholeArea, type WholeArea } from './area.ts';
import { type FreshnessPlan, type FreshnessResult, missAfterMs } from './load-plan.ts';

export interface FreshnessBenchOptions {
  readonly users: number;
  readonly items: number;
  readonly runs: number;
  /** Events a second. */
  readonly rate: number;
  /** Events a POST. */
  readonly batch: number;
  readonly seconds: number;
  /** Events followed to the list, a second, about. */
  readonly followed: number;
  /** Seconds of one event a second, each followed; 0 for none. */
  readonly idleSeconds: number;
  readonly nodeOptions: readonly string[];
  say(line: string): void;
  readonly signal: AbortSignal;
}

/** `busy` at the rate asked for, `idle` one event a second: nothing may hide in idle polls. */
export type LoadName = 'busy' | 'idle';

export interface FreshnessRun {
  readonly load: LoadName;
  readonly events: number;
  readonly eventsPerSecond: number;
  /** POST due to the first list that reflects the event. */
  readonly freshness: Latency;
  /** POST due to accepted. */
  readonly accepted: Latency;
  readonly lateness: Latency;
  readonly lists: number;
  /** Microseconds of processor time an event: of the measured process, lists it answered included. */
  readonly cpuMicroseconds: number;
}

export interface FreshnessBench {
  readonly runs: readonly FreshnessRun[];
  readonly peakMemoryMiB: number;
}

const warmUpSeconds = 5;
const countedWithinMs = 60_000;

/** Interactions that feature state has counted. */
async function countedOf(client: pg.Client): Promise<number> {
  const text = 'SELECT coalesce(sum(count), 0)::float8 AS sum FROM item_activity WHERE state_version = 1';
  const { rows } = await client.query<{ sum: number }>(text);
  return rows[0]?.sum ?? 0;
}

/** Every accepted event must be counted once; FreshetError `bench_failed` where they are not, a minute later. */
async function untilCounted(client: pg.Client, wanted: number): Promise<void> {
  const until = performance.now() + countedWithinMs;
  for (;;) {
    const counted = await countedOf(client);
    if (counted === wanted) return;
    if (counted > wanted || performance.now() > until) {
      throw new FreshetError('bench_failed', `${counted} of ${wanted} accepted events are counted`);
    }
    await delay(100);
  }
}

class Bench {
  readonly #area: WholeArea;
  readonly #generator: Generator<FreshnessPlan, FreshnessResult>;
  readonly #options: FreshnessBenchOptions;
  #run = Date.now();
  #sent = 0;

  constructor(area: WholeArea, generator: Generator<FreshnessPlan, FreshnessResult>, options: FreshnessBenchOptions) {
    this.#area = area;
    this.#generator = generator;
    this.#options = options;
  }

  async run(load: LoadName, seconds: number): Promise<FreshnessRun> {
    const { users, items, signal } = this.#options;
    if (signal.aborted) throw new FreshetError('bench_failed', 'stopped by a signal');
    const { rate, batch, followed } = load === 'idle' ? { rate: 1, batch: 1, followed: 1 } : this.#options;
    this.#run += 1;
    const { process, client } = this.#area;
    const batchesPerSecond = rate / batch;
    const batches = Math.round(seconds * batchesPerSecond);
    const followEvery = Math.max(1, Math.round(batchesPerSecond / followed));
    const plan = { url: process.url, run: this.#run, users, items, batches, batch, batchesPerSecond, followEvery };
    const before = cpuTimeOf(process.pid);
    const result = await this.#generator.run(plan);
    const cpuSeconds = cpuSecondsBetween(before, cpuTimeOf(process.pid));
    process.mustRun();
    this.#sent += batches * batch;
    const { missed } = result;
    if (missed.length > 0) {
      const words = `${missed.length} followed events were not reflected within ${missAfterMs / 1_000} s`;
      throw new FreshetError('bench_failed', `${words}: ${missed.slice(0, 3).join(', ')}`);
    }
    await untilCounted(client, this.#sent);
    const events = batches * batch;
    return {
      load,
      events,
      eventsPerSecond: Math.round(events / seconds),
      freshness: latencyOf(result.freshness),
      accepted: latencyOf(result.accepted),
      lateness: latencyOf(result.lateness),
      lists: result.lists,
      cpuMicroseconds: Math.round((cpuSeconds * 1e6) / events),
    };
  }
}

const lineOf = ({ load, events, freshness, accepted, cpuMicroseconds }: FreshnessRun): string =>
  `${load}  ${events} events  fresh p50 ${freshness.p50}  p99 ${freshness.p99}  max ${freshness.max} ms of ${freshness.count}  accepted p99 ${accepted.p99} ms  CPU µs an event ${cpuMicroseconds}`;

/**
 * From an event's POST to the list that reflects it, through every role in one process. A followed event that no list
 * reflects in time, or an accepted one that is not counted once: FreshetError `bench_failed`, and no figure.
 */
export async function benchFreshness(servers: ServerUrls, options: FreshnessBenchOptions): Promise<FreshnessBench> {
  const { say, runs: count, seconds, idleSeconds, items, nodeOptions } = options;
  say(`starting every role, ${items} items`);
  const area = await openWholeArea(servers, { items, nodeOptions });
  const generator = forkGenerator<FreshnessPlan, FreshnessResult>(new URL('generator-process.ts', import.meta.url));
  const bench = new Bench(area, generator, options);
  const runs: FreshnessRun[] = [];
  const keep = (run: FreshnessRun) => {
    runs.push(run);
    say(lineOf(run));
  };
  try {
    await bench.run('busy', Math.min(warmUpSeconds, seconds));
    for (let run = 0; run < count; run += 1) {
      keep(await bench.run('busy', seconds));
      if (idleSeconds > 0) keep(await bench.run('idle', idleSeconds));
    }
    return { runs, peakMemoryMiB: peakMemoryMiB(area.process.pid) };
  } finally {
    await generator.close();
    await area.close();
  }
}
