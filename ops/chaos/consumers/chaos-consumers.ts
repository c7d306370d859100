import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError, messageOf } from '../../../pipeline/kernel/errors.ts';
import { openDoor } from '../../demo/door.ts';
import type { OnProgress } from '../../stack/progress.ts';
import { Fleet } from '../fleet.ts';
import { dealRounds, type RoundPlan } from '../plan.ts';
import { createRandom } from '../random.ts';
import { type ChaosServers, openChaosServers } from '../servers.ts';
import { type ConsumersArea, openConsumersArea } from './area.ts';
import { installCatalogue } from './catalogue.ts';
import { caughtUp, tappedTopics } from './caught-up.ts';
import { some } from './difference.ts';
import { Drafts } from './drafts.ts';
import { dealtFaults, type FaultName, faults, isLast, untilShared } from './faults.ts';
import { judge } from './judge.ts';
import { Ledger } from './ledger.ts';
import { Load } from './load.ts';
import { openPoisonWriters, Poisons } from './poison.ts';
import { openTap, type Tap } from './tap.ts';
import { Truth } from './truth.ts';

export interface ConsumersOptions {
  /** One run after the other on the same servers, each with data of its own on top of what is there. */
  readonly seeds: readonly number[];
  readonly rounds: number;
  readonly faults?: readonly FaultName[];
  readonly stopMs: number;
  readonly poison: number;
  readonly batchesPerSecond: number;
  readonly memoryMiB: number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  readonly onRound: (round: ConsumersRound) => void;
}

export interface ConsumersRound {
  readonly seed: number;
  readonly number: number;
  readonly fault: FaultName;
  readonly workers: number;
  /** Accepted so far. */
  readonly events: number;
  /** Events sent again so far, by whatever door. */
  readonly duplicates: number;
  /** Records that nobody can handle, so far. */
  readonly poison: number;
  /** Assignments that workers were given so far, over all their groups. */
  readonly assignments: number;
  /** From the end of the fault until an event of each user, sent then, was state; the load going on. */
  readonly recoveryMs: number;
  /** From the end of the load until nothing lagged. */
  readonly catchUpMs: number;
  readonly peakMiB: number;
  readonly violations: readonly string[];
}

const doorRoles = 'ingest,relay,catalog';
const workerRoles = 'intake,enrichment,aggregation,candidates,dlq-index';
const withinMs = 120_000;
/** Each record that cannot be handled is found by halving its batch, in a dozen transactions. */
const poisonMs = 60;

/** How long a round may take to flow again, and then to catch up. */
const patienceMs = (fault: FaultName, { poison }: ConsumersOptions): number =>
  fault === 'poison' ? withinMs + poison * poisonMs : withinMs;

interface Area extends ConsumersArea {
  readonly servers: ChaosServers;
  readonly doors: Fleet;
  readonly workers: Fleet;
  readonly ledger: Ledger;
  readonly truth: Truth;
  readonly tap: Tap;
  readonly url: string;
}

async function urlOf(fleet: Fleet): Promise<string> {
  for (const since = performance.now(); ; await delay(50)) {
    const [member] = fleet.members;
    const url = await member?.url().catch(() => undefined);
    if (url !== undefined) return url;
    if (performance.now() - since > 30_000) throw new Error(`nobody listens:\n${fleet.lastWords()}`);
  }
}

/** Opens everything; what was opened is closed again in the reverse order, also where the rest could not be. */
async function withArea<T>(options: ConsumersOptions, use: (area: Area) => Promise<T>): Promise<T> {
  await using stack = new AsyncDisposableStack();
  const servers = await openChaosServers(options.onProgress, ['postgres', 'kafka', 'redis', 'registry']);
  stack.defer(() => servers.close());
  const area = await openConsumersArea(servers.urls, 'chaos');
  stack.defer(() => area.close());
  const fleetOf = (name: string, roles: string) => new Fleet({ folder: servers.folder, env: area.env, name, roles });
  const doors = fleetOf('door', doorRoles);
  stack.defer(() => doors.stopAll('SIGKILL'));
  const workers = fleetOf('worker', workerRoles);
  stack.defer(() => workers.stopAll('SIGKILL'));
  doors.start();
  for (let n = 0; n < 2; n += 1) workers.start();
  const ledger = new Ledger();
  const { admin, consumers, database } = area.resources;
  const tap = await openTap({ admin, consumers, topics: tappedTopics, onRecord: (record) => ledger.add(record) });
  stack.defer(() => tap.close());
  const url = await urlOf(doors);
  await installCatalogue(openDoor(url, options.signal), database);
  return await use({ ...area, servers, doors, workers, ledger, truth: new Truth(), tap, url });
}

/** Whoever looks into a violation needs them, and the folder of the servers goes with the run. */
function keepLogs({ doors, workers }: Area): string {
  const folder = join(tmpdir(), `freshet-chaos-logs-${process.pid}`);
  for (const fleet of [doors, workers]) fleet.keepLogs(folder);
  return folder;
}

async function setWorkers({ workers, resources }: Area, count: number): Promise<void> {
  while (workers.members.length < count) workers.start();
  const surplus = workers.members.slice(count);
  for (const worker of surplus) worker.send('SIGTERM');
  await Promise.all(surplus.map((worker) => worker.ended()));
  await untilShared({ workers, database: resources.database });
}

interface Run extends Area {
  readonly seed: number;
  readonly load: Load;
}

interface Struck {
  readonly recoveryMs: number;
  readonly violations: readonly string[];
}

/** Takes effect under load, and waits until everything flows again. */
async function strike(run: Run, plan: RoundPlan<FaultName>, options: ConsumersOptions): Promise<Struck> {
  const random = createRandom(plan.seed);
  const { servers, workers, load } = run;
  load.resume();
  await delay(random.between(500, 1_500));
  const context = { servers, workers, load, random, database: run.resources.database, ...options };
  const violations = (await faults[plan.fault](context)) ?? [];
  if (isLast(plan.fault)) return { recoveryMs: 0, violations };
  const since = performance.now();
  const recoverWithinMs = patienceMs(plan.fault, options);
  const recovered = await load.untilApplied(recoverWithinMs);
  const recoveryMs = Math.round(performance.now() - since);
  return {
    recoveryMs,
    violations: recovered ? violations : [...violations, `not recovered within ${recoverWithinMs} ms`],
  };
}

/** Waits for the end of what is under way and compares everything. */
async function settle(run: Run, fault: FaultName, options: ConsumersOptions) {
  const { load, workers, doors, ledger, truth, tap, resources } = run;
  const settleWithinMs = patienceMs(fault, options);
  const since = performance.now();
  await load.pause();
  if (isLast(fault)) return { catchUpMs: 0, violations: [] };
  const lags = await caughtUp({ resources, tap, withinMs: settleWithinMs });
  const catchUpMs = Math.round(performance.now() - since);
  const said = ['partition paused', 'stage halted', 'a fault outside of the stage, repeating'];
  const violations = [
    ...(lags === undefined ? [] : [`not caught up within ${settleWithinMs} ms: ${lags}`]),
    ...some('a worker says', workers.saidAnew(...said)),
    ...some('died', [...doors.deaths.splice(0), ...workers.deaths.splice(0)]),
    ...(await judge({ ledger, truth, database: resources.database })),
  ];
  return { catchUpMs, violations };
}

const logged = (run: Run, violations: readonly string[]): readonly string[] =>
  violations.length === 0 ? [] : [...violations, `logs are kept in ${keepLogs(run)}`];

async function oneRound(run: Run, plan: RoundPlan<FaultName>, options: ConsumersOptions): Promise<ConsumersRound> {
  const { seed, load, workers, ledger, truth } = run;
  const unshared = await setWorkers(run, plan.members).then(
    () => [],
    (error: unknown) => [messageOf(error)],
  );
  const { recoveryMs, violations: struck } = await strike(run, plan, options);
  const { catchUpMs, violations: judged } = await settle(run, plan.fault, options);
  workers.noteMemory();
  const { peakMiB } = workers;
  const large = peakMiB > options.memoryMiB ? [`a worker took ${peakMiB} MiB, over ${options.memoryMiB}`] : [];
  return {
    seed,
    number: plan.number,
    fault: plan.fault,
    workers: plan.members,
    events: truth.events,
    duplicates: load.duplicates,
    poison: ledger.expectedLetters.size,
    assignments: workers.said('partitions assigned').length,
    recoveryMs,
    catchUpMs,
    peakMiB,
    violations: logged(run, [...unshared, ...struck, ...judged, ...large]),
  };
}

function planOf(seed: number, { rounds, faults: among = dealtFaults }: ConsumersOptions): RoundPlan<FaultName>[] {
  return dealRounds({ seed, rounds, among, leastMembers: () => 2, mostMembers: 3 });
}

/** Runs the rounds; each is judged before the next begins. */
export async function chaosConsumers(options: ConsumersOptions): Promise<readonly ConsumersRound[]> {
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(new FreshetError('chaos_interrupted', 'stopped by a signal'));
    if (options.signal.aborted) stop();
    else options.signal.addEventListener('abort', stop, { once: true });
  });
  aborted.catch(() => undefined); // only where it is waited for
  return withArea(options, async (area) => {
    const reports: ConsumersRound[] = [];
    const writers = await openPoisonWriters(area.resources.codec);
    for (const seed of options.seeds) {
      const random = createRandom(seed ^ 0x5eed);
      const drafts = new Drafts({ random, prefix: `${seed}.`, now: Date.now });
      const poisons = new Poisons(random, drafts, writers);
      const load = new Load({ ...options, ...area, url: () => area.url, random, drafts, poisons });
      for (const plan of planOf(seed, options)) {
        const round = oneRound({ ...area, seed, load }, plan, options);
        round.catch(() => undefined); // its servers are taken away from it when the run is interrupted
        const report = await Promise.race([round, aborted]);
        reports.push(report);
        options.onRound(report);
      }
    }
    return reports;
  });
}
