import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { ServerUrls } from '../../stack/stack.ts';
import { loadEvents, openArea } from './area.ts';
import type { BenchContext } from './context.ts';
import { makeEvents } from './events.ts';
import { eventsNeeded, type RelayRuns, type ScenarioName, scenarioSteps } from './scenarios.ts';
import { findServers } from './server-cpu.ts';
import { estimate, runSteps } from './steps.ts';
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
  say(line: string): void;
  readonly signal: AbortSignal;
}

export interface RelayBench {
  readonly payloadBytes: number;
  readonly runs: RelayRuns;
}

function systemOf(name: SystemName, options: RelayBenchOptions): RelaySystem {
  switch (name) {
    case 'freshet':
      return createFreshet(options);
    case 'naive':
      return naive;
    case 'xmin':
      return xmin;
    case 'debezium':
      throw new FreshetError('bench_system_unknown', `there is no system ${name}`);
  }
}

/** Runs what was asked for on a database and topics of its own, which are gone afterwards, also after Ctrl-C. */
export async function benchRelay(urls: ServerUrls, options: RelayBenchOptions): Promise<RelayBench> {
  const { say, signal } = options;
  if (process.platform !== 'linux') {
    throw new FreshetError(
      'bench_platform',
      'bench relay reads processor time and memory from /proc, so it runs on Linux only',
    );
  }
  const systems = options.systems.map((name) => systemOf(name, options));
  const area = await openArea(urls);
  try {
    const events = await makeEvents(eventsNeeded(options));
    await loadEvents(area, events);
    for (const system of systems) await system.prepare(area);
    const context: BenchContext = { area, events, servers: await findServers(area.client, urls.kafkaBrokers), signal };
    const runs: RelayRuns = { drain: [], live: [], writers: [], openTransaction: [] };
    const steps = scenarioSteps(context, { ...options, systems }, runs);
    say(`${steps.length} steps with events of ${events.payloadBytes} bytes, about ${estimate(steps)}`);
    await runSteps(steps, say, signal);
    return { payloadBytes: events.payloadBytes, runs };
  } finally {
    await area.close();
  }
}
