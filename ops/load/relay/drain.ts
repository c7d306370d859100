import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { BenchContext } from './context.ts';
import { type ReadBack, readBack } from './read-back.ts';
import { type RelayProcess, usageOf, wallClock } from './relay-process.ts';
import { secondsBetween, serverSeconds } from './server-cpu.ts';
import type { RelaySystem, SystemName } from './systems/system.ts';

/** A backlog published to its end, and read back. */
export interface DrainRun {
  readonly system: SystemName;
  /** `cold`: the process is started on the backlog. `warm`: a process that has drained before goes on. */
  readonly start: 'cold' | 'warm';
  readonly events: number;
  readonly duplicates: number;
  /** From the start (or from going on) to the first record in the topic. */
  readonly firstEventMs: number;
  /** From the first record in the topic to the last. */
  readonly eventsPerSecond: number;
  /** The same from the start of the process, or from going on. */
  readonly fromStartPerSecond: number;
  readonly firstTenthPerSecond: number;
  readonly lastTenthPerSecond: number;
  /** The relay's own process, its start included where it is cold. */
  readonly cpuSecondsPerMillion: number;
  readonly peakMiB: number;
  readonly postgresSecondsPerMillion: number | null;
  readonly kafkaSecondsPerMillion: number | null;
}

/** A backlog grows in ordinary transactions. */
const appendRows = 5_000;
const pollMs = 250;
/** Nothing published for so long means that the relay has stopped. */
const stalledMs = 60_000;

export interface AppendOptions {
  readonly system: RelaySystem;
  readonly topic: string;
  readonly from?: number;
  readonly to: number;
}

/** Fills the outbox; the checkpoint that this leads to is taken before anything is measured, where we may. */
export async function appendBacklog({ area, signal }: BenchContext, options: AppendOptions): Promise<void> {
  const { system, topic, from = 0, to } = options;
  for (let at = from; at < to; at += appendRows) {
    signal.throwIfAborted();
    const values = [topic, at, Math.min(to, at + appendRows)];
    await area.client.query({ name: `append-${system.name}`, text: system.appendSql, values });
  }
  const { rows } = await area.client.query<{ may: boolean }>("SELECT pg_has_role('pg_checkpoint', 'USAGE') AS may");
  if (rows[0]?.may) await area.client.query('CHECKPOINT');
}

/** Resolves when the topic holds so many records; throws where the relay ends or nothing comes any more. */
export async function untilPublished(
  { area, signal }: BenchContext,
  relay: RelayProcess,
  { topic, records }: { readonly topic: string; readonly records: number },
): Promise<void> {
  let last = -1;
  let since = performance.now();
  for (;;) {
    signal.throwIfAborted();
    relay.mustRun();
    const count = [...(await area.endOffsets(topic)).values()].reduce((sum, end) => sum + end, 0);
    if (count >= records) return;
    if (count !== last) since = performance.now();
    last = count;
    if (performance.now() - since > stalledMs) {
      throw new FreshetError(
        'bench_failed',
        `${topic}: ${count} of ${records} records, and no more for ${stalledMs} ms; the relay says:\n${relay.output.slice(-10).join('\n')}`,
      );
    }
    await delay(pollMs);
  }
}

const perSecond = (count: number, fromMs: number, toMs: number): number =>
  Math.round((count / Math.max(1, toMs - fromMs)) * 1_000);

/** Rates from the broker's append times, so that looking whether it is done disturbs nothing. */
function rates({ appendedAt }: ReadBack, startedAt: number) {
  const count = appendedAt.length;
  const tenth = Math.floor(count / 10);
  const at = (i: number) => appendedAt[Math.min(count - 1, i)] as number;
  return {
    firstEventMs: Math.round(at(0) - startedAt),
    eventsPerSecond: perSecond(count, at(0), at(count - 1)),
    fromStartPerSecond: perSecond(count, startedAt, at(count - 1)),
    firstTenthPerSecond: perSecond(tenth, at(0), at(tenth)),
    lastTenthPerSecond: perSecond(tenth, at(count - 1 - tenth), at(count - 1)),
  };
}

export interface DrainOptions {
  readonly system: RelaySystem;
  readonly topic: string;
  readonly events: number;
  /** A warm process that is paused; without it the process is started. */
  readonly relay?: RelayProcess;
}

/** Drains a backlog that is there already; the relay runs on. */
export async function drain(
  context: BenchContext,
  options: DrainOptions,
): Promise<{ run: DrainRun; relay: RelayProcess }> {
  const { area, events, servers } = context;
  const { system, topic } = options;
  const before = serverSeconds(servers);
  const used = options.relay ? usageOf(options.relay).cpuSeconds : 0;
  const startedAt = wallClock();
  options.relay?.resume();
  const relay = options.relay ?? (await system.start(area));
  try {
    await untilPublished(context, relay, { topic, records: options.events });
    const usage = usageOf(relay);
    const seconds = secondsBetween(before, serverSeconds(servers));
    const found = await readBack({ area, events, topic, expected: options.events });
    const million = options.events / 1_000_000;
    const perMillion = (value: number | null) => (value === null ? null : Number((value / million).toFixed(2)));
    const run: DrainRun = {
      system: system.name,
      start: options.relay ? 'warm' : 'cold',
      events: options.events,
      duplicates: found.comparison.duplicates,
      ...rates(found, startedAt),
      cpuSecondsPerMillion: Number(((usage.cpuSeconds - used) / million).toFixed(2)),
      peakMiB: usage.peakMiB,
      postgresSecondsPerMillion: perMillion(seconds.postgres),
      kafkaSecondsPerMillion: perMillion(seconds.kafka),
    };
    return { run, relay };
  } catch (error) {
    await relay.stop();
    throw error;
  }
}
