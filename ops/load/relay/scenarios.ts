import { besideWriters, type WritersRun } from './beside-writers.ts';
import type { BenchContext } from './context.ts';
import type { DrainRun } from './drain.ts';
import { drainRound } from './drain-round.ts';
import { type LiveRun, live } from './live.ts';
import { besideOpenTransaction, type OpenTransactionRun } from './open-transaction.ts';
import type { Step } from './steps.ts';
import type { RelaySystem, SystemName } from './systems/system.ts';

export const scenarioNames = ['drain', 'live', 'writers', 'open-transaction'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface ScenarioPlan {
  readonly systems: readonly RelaySystem[];
  readonly scenarios: readonly ScenarioName[];
  readonly runs: number;
  readonly events: number;
  /** How long the transaction of `open-transaction` stays open. */
  readonly openMs: number;
  /** Systems whose processes drain a second time, warm: where one of them compiles for long. */
  readonly warm: readonly SystemName[];
}

/** Every run that was measured, in order. */
export interface RelayRuns {
  readonly drain: DrainRun[];
  readonly live: LiveRun[];
  readonly writers: WritersRun[];
  readonly openTransaction: OpenTransactionRun[];
}

/** Events a second of the writers in `live`. */
export const liveRates = [1_000, 5_000] as const;
const liveMs = 8_000;
const writersMs = 5_000;
/** Of the events, what lies in the outbox when the writer of `writers` begins. */
const writersBacklog = 1 / 5;
/** Of the events, what is to be drained beside the open transaction. */
const openBacklog = 1 / 5;
const openRate = 1_000;
/** It takes a minute, and its answer is not a matter of per cent. */
const openRuns = 1;

/** Events that the scenarios need, however short the backlog was asked to be. */
export const eventsNeeded = ({ events, openMs }: Pick<ScenarioPlan, 'events' | 'openMs'>): number =>
  Math.max(
    events,
    Math.max(...liveRates) * (liveMs / 1_000 + 4),
    Math.ceil(events * openBacklog) + openRate * (openMs / 1_000),
  );

/** Rows a second that a run may append, and events that a relay may publish; for the estimate alone. */
const appendRate = 100_000;
const expectedRate: Readonly<Record<SystemName, number>> = {
  freshet: 100_000,
  naive: 28_000,
  xmin: 45_000,
  debezium: 45_000,
};
const startSeconds = 3;
const warmUpSeconds = ({ name, warmUpEvents }: RelaySystem): number =>
  warmUpEvents / appendRate + warmUpEvents / expectedRate[name];

type Unlabelled = Omit<Step, 'label'>;

interface DrainStepOptions {
  readonly events: number;
  /** The same process drains again, warm. */
  readonly warm: boolean;
  keep(run: DrainRun): void;
}

const grouped = (value: number): string => value.toLocaleString('en');

const sayDrain = ({ start, eventsPerSecond, firstEventMs, cpuSecondsPerMillion, peakMiB }: DrainRun): string =>
  `${start} ${grouped(eventsPerSecond)}/s, first after ${firstEventMs} ms, ${cpuSecondsPerMillion} CPU s/M, ${peakMiB} MiB`;

/** Gives `work` an empty outbox and a topic of its own, which is gone afterwards. */
async function onTopic<T>(
  { area }: BenchContext,
  { system, scenario }: { readonly system: RelaySystem; readonly scenario: string },
  work: (topic: string) => Promise<T>,
): Promise<T> {
  await system.reset(area);
  const topic = await area.createTopic(`${scenario}-${system.name}`);
  try {
    return await work(topic);
  } finally {
    await system.release(area);
    await area.dropTopic(topic);
  }
}

function drainStep(context: BenchContext, system: RelaySystem, options: DrainStepOptions): Unlabelled {
  const { events, warm, keep } = options;
  const drained = warm ? 2 * events + system.warmUpEvents : events;
  return {
    expectedSeconds: startSeconds + drained / appendRate + drained / expectedRate[system.name],
    async run() {
      const runs = await onTopic(context, { system, scenario: 'drain' }, (topic) =>
        drainRound(context, system, { topic, events, warm }),
      );
      for (const run of runs) keep(run);
      return runs.map(sayDrain).join('; ');
    },
  };
}

function liveStep(context: BenchContext, system: RelaySystem, rate: number, keep: (run: LiveRun) => void): Unlabelled {
  return {
    expectedSeconds: startSeconds + 2 + liveMs / 1_000 + warmUpSeconds(system),
    async run() {
      const run = await onTopic(context, { system, scenario: 'live' }, (topic) =>
        live(context, system, { topic, rate, forMs: liveMs }),
      );
      keep(run);
      const { received, cpuSecondsPerMillion } = run;
      return `received after p50 ${received.p50} ms, p99 ${received.p99} ms, ${cpuSecondsPerMillion} CPU s/M`;
    },
  };
}

function writersStep(
  context: BenchContext,
  system: RelaySystem,
  events: number,
  keep: (run: WritersRun) => void,
): Unlabelled {
  const backlog = Math.ceil(events * writersBacklog);
  return {
    expectedSeconds:
      startSeconds +
      warmUpSeconds(system) +
      backlog / appendRate +
      writersMs / 1_000 +
      (backlog + writersMs * 50) / expectedRate[system.name],
    async run() {
      const run = await onTopic(context, { system, scenario: 'writers' }, (topic) =>
        besideWriters(context, system, { topic, backlog, forMs: writersMs }),
      );
      keep(run);
      return `${grouped(run.publishedPerSecond)}/s published, ${grouped(run.insertedPerSecond)}/s inserted`;
    },
  };
}

function openStep(
  context: BenchContext,
  system: RelaySystem,
  { events, openMs }: ScenarioPlan,
  keep: (run: OpenTransactionRun) => void,
): Unlabelled {
  const backlog = Math.ceil(events * openBacklog);
  return {
    expectedSeconds: startSeconds + openMs / 1_000 + backlog / expectedRate[system.name],
    async run() {
      const run = await onTopic(context, { system, scenario: 'open-transaction' }, (topic) =>
        besideOpenTransaction(context, system, { topic, backlog, openMs, rate: openRate }),
      );
      keep(run);
      return `${grouped(run.drainPerSecond)}/s while open, received after p50 ${run.received.p50} ms, p99 ${run.received.p99} ms`;
    },
  };
}

/** The systems in turns, round after round. */
function rounds(plan: ScenarioPlan, name: string, count: number, make: (system: RelaySystem) => Unlabelled): Step[] {
  return Array.from({ length: count }, (_, round) =>
    plan.systems.map((system) => ({ ...make(system), label: `${name} ${round + 1}/${count} ${system.name}` })),
  ).flat();
}

/** A short drain by each system, whose figures are left out, then what was asked for. */
export function scenarioSteps(context: BenchContext, plan: ScenarioPlan, runs: RelayRuns): Step[] {
  const { systems, events } = plan;
  const warmUpEvents = Math.min(200_000, Math.ceil(events / 5));
  const warmUp = systems.map((system) => ({
    ...drainStep(context, system, { events: warmUpEvents, warm: false, keep: () => {} }),
    label: `warm-up ${system.name}`,
  }));
  const byScenario: Readonly<Record<ScenarioName, () => Step[]>> = {
    drain: () =>
      rounds(plan, 'drain', plan.runs, (system) =>
        drainStep(context, system, {
          events,
          warm: plan.warm.includes(system.name),
          keep: (run) => runs.drain.push(run),
        }),
      ),
    live: () =>
      liveRates.flatMap((rate) =>
        rounds(plan, `live ${grouped(rate)}/s`, plan.runs, (system) =>
          liveStep(context, system, rate, (run) => runs.live.push(run)),
        ),
      ),
    writers: () =>
      rounds(plan, 'writers', plan.runs, (system) =>
        writersStep(context, system, events, (run) => runs.writers.push(run)),
      ),
    'open-transaction': () =>
      rounds(plan, 'open transaction', openRuns, (system) =>
        openStep(context, system, plan, (run) => runs.openTransaction.push(run)),
      ),
  };
  return [
    ...warmUp,
    ...scenarioNames.filter((name) => plan.scenarios.includes(name)).flatMap((name) => byScenario[name]()),
  ];
}
