import type { BenchContext } from './context.ts';
import { appendBacklog, type DrainRun, drain } from './drain.ts';
import type { Step } from './steps.ts';
import type { RelaySystem, SystemName } from './systems/system.ts';

/** Events a second that a drain may do; for the estimate alone. */
const expectedRate: Readonly<Record<SystemName, number>> = {
  freshet: 65_000,
  naive: 25_000,
  xmin: 35_000,
  debezium: 45_000,
};

export interface DrainPlan {
  readonly systems: readonly RelaySystem[];
  readonly runs: number;
  readonly events: number;
}

const say = ({ start, eventsPerSecond, firstEventMs, cpuSecondsPerMillion, peakMiB }: DrainRun): string =>
  `${start} ${eventsPerSecond.toLocaleString('en')}/s, first after ${firstEventMs} ms, ${cpuSecondsPerMillion} CPU s/M, ${peakMiB} MiB`;

/** One drain by a new process. */
async function coldDrain(context: BenchContext, system: RelaySystem, events: number): Promise<DrainRun> {
  const { area } = context;
  await system.reset(area);
  const topic = await area.createTopic(`drain-${system.name}`);
  try {
    await appendBacklog(context, { system, topic, to: events });
    const { run, relay } = await drain(context, { system, topic, events });
    await relay.stop();
    return run;
  } finally {
    await area.dropTopic(topic);
  }
}

/** A warm-up of each system, whose figures are left out, then the systems in turns. */
export function drainSteps(context: BenchContext, plan: DrainPlan, runs: DrainRun[]): Step[] {
  const { systems, events } = plan;
  const step = (label: string, system: RelaySystem, count: number, keep: (run: DrainRun) => void): Step => ({
    label: `drain ${label} ${system.name}`,
    expectedSeconds: 3 + count / 70_000 + count / expectedRate[system.name],
    async run() {
      const run = await coldDrain(context, system, count);
      keep(run);
      return say(run);
    },
  });
  const warmUp = systems.map((system) => step('warm-up', system, Math.ceil(events / 5), () => {}));
  const rounds = Array.from({ length: plan.runs }, (_, round) =>
    systems.map((system) => step(`${round + 1}/${plan.runs}`, system, events, (run) => runs.push(run))),
  );
  return [...warmUp, ...rounds.flat()];
}
