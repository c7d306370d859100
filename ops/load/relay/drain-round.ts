import type { BenchContext } from './context.ts';
import { appendBacklog, type DrainRun, drain } from './drain.ts';
import type { RelayProcess } from './relay-process.ts';
import type { RelaySystem } from './systems/system.ts';

export interface DrainRoundOptions {
  readonly topic: string;
  readonly events: number;
  /** The process stays, drains its warm-up events and then as many events again. */
  readonly warm: boolean;
}

/**
 * Drains by a process that is paused (SIGSTOP) while its next backlog grows in ordinary transactions: what would come
 * in one transaction the server could decode before the clock starts.
 */
async function drainAgain(
  context: BenchContext,
  system: RelaySystem,
  { relay, events }: { readonly relay: RelayProcess; readonly events: number },
  topic: string,
): Promise<DrainRun> {
  relay.pause();
  await appendBacklog(context, { system, topic, to: events });
  return (await drain(context, { system, topic, events, relay })).run;
}

/** A cold drain by a new process and, where asked for, a warm one after two that warmed it up. */
export async function drainRound(
  context: BenchContext,
  system: RelaySystem,
  { topic, events, warm }: DrainRoundOptions,
): Promise<DrainRun[]> {
  const { area } = context;
  const topics: string[] = [];
  const again = async (relay: RelayProcess, label: string, count: number): Promise<DrainRun> => {
    const next = await area.createTopic(`${label}-${system.name}`);
    topics.push(next);
    return drainAgain(context, system, { relay, events: count }, next);
  };
  await appendBacklog(context, { system, topic, to: events });
  const { run, relay } = await drain(context, { system, topic, events });
  try {
    if (!warm) return [run];
    await again(relay, 'drain-between', Math.min(system.warmUpEvents, events));
    return [run, await again(relay, 'drain-warm', events)];
  } finally {
    await relay.stop();
    for (const one of topics) await area.dropTopic(one);
  }
}
