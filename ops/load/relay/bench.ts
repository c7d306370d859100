import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { ServerUrls } from '../../stack/stack.ts';
import { loadEvents, openArea } from './area.ts';
import type { BenchContext } from './context.ts';
import type { DrainRun } from './drain.ts';
import { drainSteps } from './drain-steps.ts';
import { makeEvents } from './events.ts';
import { findServers } from './server-cpu.ts';
import { estimate, runSteps, type Step } from './steps.ts';
import { createFreshet } from './systems/freshet.ts';
import type { RelaySystem, SystemName } from './systems/system.ts';

export const scenarioNames = ['drain'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface RelayBenchOptions {
  readonly systems: readonly SystemName[];
  readonly scenarios: readonly ScenarioName[];
  readonly runs: number;
  readonly events: number;
  /** For our relay's process, such as --cpu-prof. */
  readonly nodeOptions: readonly string[];
  say(line: string): void;
  readonly signal: AbortSignal;
}

export interface RelayBench {
  readonly payloadBytes: number;
  readonly drains: readonly DrainRun[];
}

function systemOf(name: SystemName, options: RelayBenchOptions): RelaySystem {
  switch (name) {
    case 'freshet':
      return createFreshet(options);
    default:
      throw new FreshetError('bench_system_unknown', `there is no system ${name}`);
  }
}

/** Runs what was asked for on a database and topics of its own, which are gone afterwards, also after Ctrl-C. */
export async function benchRelay(urls: ServerUrls, options: RelayBenchOptions): Promise<RelayBench> {
  const { say, signal, scenarios } = options;
  const systems = options.systems.map((name) => systemOf(name, options));
  const area = await openArea(urls);
  try {
    const events = await makeEvents(options.events);
    await loadEvents(area, events);
    for (const system of systems) await system.prepare(area);
    const context: BenchContext = { area, events, servers: await findServers(area.client, urls.kafkaBrokers), signal };
    const drains: DrainRun[] = [];
    const plan = { ...options, systems };
    const steps: Step[] = scenarios.includes('drain') ? drainSteps(context, plan, drains) : [];
    say(`${steps.length} steps with events of ${events.payloadBytes} bytes, about ${estimate(steps)}`);
    await runSteps(steps, say, signal);
    return { payloadBytes: events.payloadBytes, drains };
  } finally {
    await area.close();
  }
}
