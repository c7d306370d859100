import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { OnProgress } from '../stack/progress.ts';
import { pageRecords, prepareArea, relayEnvironment } from './area.ts';
import { type CursorWatch, watchCursors } from './cursor-watch.ts';
import { type FaultName, type FaultResult, faults, planRelayRounds, untilShared } from './faults.ts';
import { Fleet } from './fleet.ts';
import { Judge, violationsOf } from './judge.ts';
import { compareLatency } from './latencies.ts';
import { type OutboxLog, openOutboxLog } from './outbox-log.ts';
import type { RoundPlan } from './plan.ts';
import { createRandom } from './random.ts';
import { type ChaosServers, openChaosServers } from './servers.ts';
import { openTopicLog, type TopicLog } from './topic-log.ts';
import { startWriters, type Writers } from './writers.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly rounds: number;
  /** Only these faults. */
  readonly faults?: readonly FaultName[];
  readonly outageMs: number;
  readonly openMs: number;
  readonly memoryMiB: number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  readonly onRound: (round: RoundReport) => void;
}

export interface RoundReport {
  readonly number: number;
  readonly fault: FaultName;
  readonly relays: number;
  readonly committed: number;
  readonly duplicates: number;
  /** From the death of a relay until others held its shards. */
  readonly takeoverMs?: number;
  /** Unpublished when the fault was over. */
  readonly backlog: number;
  /** From then until all was published, writers writing. */
  readonly catchUpMs: number;
  /** Append at the broker minus insert of the row, 99th percentile in milliseconds: outside the fault and during it. */
  readonly p99Ms?: { readonly before: number; readonly during: number };
  readonly peakMiB: number;
  /** What must not be, in words. */
  readonly violations: readonly string[];
}

const writers = 4;
const leaseMs = 2_000;
const settleWithinMs = 120_000;
const pollMs = 20;

interface Area {
  readonly servers: ChaosServers;
  readonly outbox: OutboxLog;
  readonly topics: TopicLog;
  readonly fleet: Fleet;
  readonly writers: Writers;
  readonly judge: Judge;
  readonly cursors: CursorWatch;
}

/** Opens everything; what was opened is closed again in the reverse order, also where the rest could not be. */
async function withArea<T>(options: ChaosOptions, use: (area: Area) => Promise<T>): Promise<T> {
  await using stack = new AsyncDisposableStack();
  const servers = await openChaosServers(options.onProgress);
  stack.defer(() => servers.close());
  const { postgresUrl, kafkaBrokers } = servers.urls;
  await prepareArea(servers.urls);
  const outbox = openOutboxLog(postgresUrl);
  stack.defer(() => outbox.close());
  const topics = await openTopicLog(kafkaBrokers);
  stack.defer(() => topics.close());
  const fleet = new Fleet({
    folder: servers.folder,
    env: relayEnvironment(servers.urls),
    name: 'relay',
    roles: 'relay',
  });
  stack.defer(() => fleet.stopAll('SIGKILL'));
  const load = startWriters({ url: postgresUrl, count: writers, random: createRandom(options.seed ^ 0x5eed) });
  stack.defer(() => load.close());
  const cursors = watchCursors(outbox);
  stack.defer(() => cursors.stop());
  // A page whose cursor was not stored yet, one in flight, and new rows that the successor reads among them.
  const judge = new Judge({ inFlightRecords: 3 * pageRecords });
  return await use({ servers, outbox, topics, fleet, writers: load, judge, cursors });
}

async function until(condition: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > deadline) return false;
    await delay(pollMs);
  }
  return true;
}

/** As many relays as the round wants, each with its share. */
async function setRelays({ fleet, outbox }: Area, count: number): Promise<void> {
  while (fleet.members.length < count) fleet.start();
  const surplus = fleet.members.slice(count);
  for (const relay of surplus) relay.send('SIGTERM');
  await Promise.all(surplus.map((relay) => relay.ended()));
  await untilShared({ fleet, outbox });
}

/** Takes effect under load; answers what must be judged besides. */
async function strike(area: Area, plan: RoundPlan<FaultName>, options: ChaosOptions): Promise<FaultResult> {
  const random = createRandom(plan.seed);
  const { outageMs, openMs } = options;
  area.writers.resume();
  await delay(random.between(500, 1_500));
  const result = await faults[plan.fault]({ ...area, random, round: plan.number, leaseMs, outageMs, openMs });
  await delay(random.between(300, 1_000));
  return result;
}

interface Settling {
  readonly backlog: number;
  readonly catchUpMs: number;
  /** Unpublished when the time was over. */
  readonly left: number;
}

/** Until the outbox has nothing left: first with the writers writing, then without. */
async function settle({ outbox, writers: load }: Area): Promise<Settling> {
  const backlog = await outbox.depth().catch(() => 0);
  const since = performance.now();
  const live = 200; // what is on its way at any moment
  await until(async () => (await outbox.depth()) < live, settleWithinMs);
  const catchUpMs = Math.round(performance.now() - since);
  await load.pause();
  const settled = await until(outbox.isSettled, settleWithinMs);
  return { backlog, catchUpMs, left: settled ? 0 : await outbox.depth() };
}

async function oneRound(area: Area, plan: RoundPlan<FaultName>, options: ChaosOptions): Promise<RoundReport> {
  const { outbox, topics, fleet, judge, cursors, writers: load } = area;
  await setRelays(area, plan.members);
  const before = { setBacks: cursors.setBacks.length, deaths: fleet.deaths.length };
  const result = await strike(area, plan, options);
  const { backlog, catchUpMs, left } = await settle(area);
  fleet.noteMemory();
  const committed = await outbox.committed();
  judge.addCommitted(committed);
  const published = await topics.published();
  const verdict = judge.judge(published, result.wokenAt);
  const violations = [
    ...violationsOf(verdict, { mayRepeat: result.clean !== true }),
    ...(left > 0 ? [`${left} not published within ${settleWithinMs} ms`] : []),
    ...[...load.takeAcknowledged()].filter((id) => !judge.knows(id)).map((id) => `committed ${id} vanished`),
    ...(await outbox.parked()).map(({ event_id: id, reason }) => `parked ${id}: ${reason}`),
    ...cursors.setBacks.slice(before.setBacks).map((words) => `cursor went back, ${words}`),
    ...fleet.deaths.slice(before.deaths),
    ...(fleet.peakMiB > options.memoryMiB ? [`a relay took ${fleet.peakMiB} MiB, over ${options.memoryMiB}`] : []),
  ];
  return {
    number: plan.number,
    fault: plan.fault,
    relays: plan.members,
    committed: committed.length,
    duplicates: verdict.duplicates,
    ...(result.takeoverMs === undefined ? {} : { takeoverMs: result.takeoverMs }),
    backlog,
    catchUpMs,
    ...(result.between ? { p99Ms: compareLatency(published, committed, result.between) } : {}),
    peakMiB: fleet.peakMiB,
    violations,
  };
}

/** Runs the rounds; each is judged before the next begins, and the last look is taken after the relays have gone. */
export async function chaosRelay(options: ChaosOptions): Promise<readonly RoundReport[]> {
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(new FreshetError('chaos_interrupted', 'stopped by a signal'));
    if (options.signal.aborted) stop();
    else options.signal.addEventListener('abort', stop, { once: true });
  });
  aborted.catch(() => undefined); // only where it is waited for
  return withArea(options, async (area) => {
    const reports: RoundReport[] = [];
    for (const plan of planRelayRounds(options.seed, options.rounds, options.faults)) {
      const round = oneRound(area, plan, options);
      round.catch(() => undefined); // its servers are taken away from it when the run is interrupted
      const report = await Promise.race([round, aborted]);
      reports.push(report);
      options.onRound(report);
    }
    return reports;
  });
}
