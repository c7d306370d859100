import type { BenchContext } from './context.ts';
import { appendBacklog, untilPublished } from './drain.ts';
import { monotonicOf } from './monotonic.ts';
import { readBack } from './read-back.ts';
import { type RelayProcess, usageOf } from './relay-process.ts';
import type { RelaySystem, SystemName } from './systems/system.ts';
import { withWarmRelay } from './warm-relay.ts';
import type { WritePlan } from './write-plan.ts';
import { startWriter } from './writer.ts';

/** A drain while a writer inserts as fast as it can. */
export interface WritersRun {
  readonly system: SystemName;
  readonly backlog: number;
  readonly seconds: number;
  readonly insertedPerSecond: number;
  readonly publishedPerSecond: number;
  readonly duplicates: number;
  /** The relay's own process, until the last event. */
  readonly cpuSecondsPerMillion: number;
  readonly peakMiB: number;
}

export interface WritersOptions {
  readonly topic: string;
  /** Events in the outbox when the writer begins. */
  readonly backlog: number;
  readonly forMs: number;
}

/** Big enough that commits cost the writer little; ingest's group commits take up to 1,000. */
const rowsPerCommit = 200;

/**
 * A warm relay is paused while the backlog grows, and publishes already when the writer begins; both rates are of the
 * writer's time. One connection writes, so that all its events have an order.
 */
export const besideWriters = (
  context: BenchContext,
  system: RelaySystem,
  options: WritersOptions,
): Promise<WritersRun> => withWarmRelay(context, system, (relay) => measure(context, system, options, relay));

function writePlan(context: BenchContext, system: RelaySystem, { topic, backlog, forMs }: WritersOptions): WritePlan {
  return {
    url: context.area.urls.postgresUrl,
    sql: system.appendSql,
    topic,
    from: backlog,
    to: context.events.count,
    rowsPerCommit,
    connections: 1,
    forMs,
    signalled: system.signalled,
  };
}

async function measure(
  context: BenchContext,
  system: RelaySystem,
  options: WritersOptions,
  relay: RelayProcess,
): Promise<WritersRun> {
  const { area, events, signal } = context;
  const { topic, backlog } = options;
  relay.pause();
  await appendBacklog(context, { system, topic, to: backlog });
  const used = usageOf(relay).cpuSeconds;
  relay.resume();
  await untilPublished(context, relay, { topic, records: 1 });
  const written = await startWriter(writePlan(context, system, options), signal);
  await untilPublished(context, relay, { topic, records: written.to });
  const usage = usageOf(relay);
  const found = await readBack({ area, events, topic, expected: written.to });
  const ms = written.endedAt - written.startedAt;
  const published = found.appendedAt.map(monotonicOf).filter((at) => at >= written.startedAt && at < written.endedAt);
  return {
    system: system.name,
    backlog,
    seconds: Number((ms / 1_000).toFixed(1)),
    insertedPerSecond: Math.round(((written.to - backlog) / ms) * 1_000),
    publishedPerSecond: Math.round((published.length / ms) * 1_000),
    duplicates: found.comparison.duplicates,
    cpuSecondsPerMillion: Number((((usage.cpuSeconds - used) / written.to) * 1_000_000).toFixed(2)),
    peakMiB: usage.peakMiB,
  };
}
