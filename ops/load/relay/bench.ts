import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { ServerUrls } from '../../stack/stack.ts';
import { describeMachine, type Machine } from '../harness/machine.ts';
import { loadEvents, openArea } from './area.ts';
import type { BenchContext } from './context.ts';
import { installDebezium } from './debezium/install.ts';
import { withLogicalWal } from './debezium/logical-postgres.ts';
import { makeEvents } from './events.ts';
import { eventsNeeded, type RelayRuns, type ScenarioName, scenarioSteps } from './scenarios.ts';
import { findServers } from './server-cpu.ts';
import { estimate, runSteps } from './steps.ts';
import { createDebezium } from './systems/debezium.ts';
import { createFreshet } from './systems/freshet.ts';
import { naive, xmin } from './systems/peers.ts';
import type { RelaySystem, SystemName } from './systems/system.ts';

export interface RelayBenchOptions {
  readonly systems: readonly SystemName[];
  readonly scenarios: readonly ScenarioName[];
  readonly runs: number;
  readonly events: number;
  readonly openMs: number;
  /** For our relay's process, such as --cpu-prof. */
  readonly nodeOptions: readonly string[];
  /** Java 21 or newer, where `debezium` is among the systems. */
  readonly java?: string;
  say(line: string): void;
  readonly signal: AbortSignal;
}

export interface RelayBench {
  readonly machine: Machine;
  readonly payloadBytes: number;
  readonly runs: RelayRuns;
}

async function openSystems(names: readonly SystemName[], options: RelayBenchOptions): Promise<RelaySystem[]> {
  const { java, say } = options;
  const known: Readonly<Record<SystemName, () => RelaySystem | Promise<RelaySystem>>> = {
    freshet: () => createFreshet(options),
    naive: () => naive,
    xmin: () => xmin,
    debezium: async () => createDebezium({ folder: await installDebezium(say), java: java ?? 'java' }),
  };
  const systems: RelaySystem[] = [];
  for (const name of names) systems.push(await known[name]());
  return systems;
}

/** Runs what was asked for on a database and topics of its own, which are gone afterwards, also after Ctrl-C. */
export async function benchRelay(given: ServerUrls, options: RelayBenchOptions): Promise<RelayBench> {
  const { say } = options;
  if (process.platform !== 'linux') {
    throw new FreshetError(
      'bench_platform',
      'bench relay reads processor time and memory from /proc, so it runs on Linux only',
    );
  }
  const systems = await openSystems(options.systems, options);
  const servers = options.systems.includes('debezium')
    ? await withLogicalWal(given, say)
    : { urls: given, close: async () => {} };
  try {
    const machine = await describeMachine(servers.urls);
    return { machine, ...(await runOn(servers.urls, systems, options)) };
  } finally {
    await servers.close();
  }
}

async function runOn(urls: ServerUrls, systems: readonly RelaySystem[], options: RelayBenchOptions) {
  const { say, signal } = options;
  const area = await openArea(urls);
  try {
    const events = await makeEvents(eventsNeeded(options));
    await loadEvents(area, events);
    for (const system of systems) await system.prepare(area);
    const context: BenchContext = { area, events, servers: await findServers(area.client, urls.kafkaBrokers), signal };
    const runs: RelayRuns = { drain: [], live: [], writers: [], openTransaction: [] };
    const warm: SystemName[] = options.systems.includes('debezium') ? ['freshet', 'debezium'] : [];
    const steps = scenarioSteps(context, { ...options, systems, warm }, runs);
    say(`${steps.length} steps with events of ${events.payloadBytes} bytes, about ${estimate(steps)}`);
    await runSteps(steps, say, signal);
    return { payloadBytes: events.payloadBytes, runs };
  } finally {
    await area.close();
  }
}
