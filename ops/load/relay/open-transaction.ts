import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { connectionConfig } from '../../../pipeline/stores/postgres/database.ts';
import { type Latency, latencyOf } from '../harness/statistics.ts';
import type { BenchContext } from './context.ts';
import { appendBacklog } from './drain.ts';
import { follow } from './follower.ts';
import { latencies } from './live.ts';
import { monotonicMs } from './monotonic.ts';
import type { RelaySystem, SystemName } from './systems/system.ts';
import { laneOf, type WritePlan } from './write-plan.ts';
import { startWriter } from './writer.ts';

/** What others' events feel of a transaction that has written and stays open. */
export interface OpenTransactionRun {
  readonly system: SystemName;
  readonly openSeconds: number;
  readonly backlog: number;
  /** Events of the backlog that were published before the transaction ended. */
  readonly drainedWhileOpen: number;
  /** From the first of them to the last; 0 where there was none. */
  readonly drainPerSecond: number;
  /** Live events written, and how many were published before the transaction ended. */
  readonly liveEvents: number;
  readonly liveWhileOpen: number;
  readonly received: Latency;
  /** From the end of the transaction until everything was published. */
  readonly caughtUpMs: number;
  readonly duplicates: number;
}

export interface OpenTransactionOptions {
  readonly topic: string;
  readonly backlog: number;
  readonly openMs: number;
  /** Live events a second, written after the backlog had its time. */
  readonly rate: number;
}

const connections = 4;
/** Of the time that the transaction is open, for the backlog; what is left is for live events. */
const drainShare = 0.4;
/** The writer ends so long before the transaction does, so that all its events belong to the time it was open. */
const marginMs = 1_000;

/** A transaction that has inserted event 0 and waits. */
async function openTransaction({ area }: BenchContext, system: RelaySystem, topic: string): Promise<pg.Client> {
  const holder = new pg.Client({
    ...connectionConfig(area.urls.postgresUrl),
    application_name: 'freshet bench holder',
  });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query({ text: system.appendSql, values: [topic, 0, 1] });
  return holder;
}

function writePlan({ area }: BenchContext, system: RelaySystem, options: OpenTransactionOptions): WritePlan {
  const { topic, backlog, openMs, rate } = options;
  const from = 1 + backlog;
  return {
    url: area.urls.postgresUrl,
    sql: system.appendSql,
    topic,
    from,
    to: from + Math.floor((rate * (openMs * (1 - drainShare) - marginMs)) / 1_000),
    rowsPerCommit: 1,
    connections,
    eventsPerSecond: rate,
    signalled: system.signalled,
  };
}

/** What was published of events `from … to - 1` before `until`. */
function publishedBefore(receivedAt: Float64Array, [from, to]: readonly [number, number], until: number) {
  const times = receivedAt
    .subarray(from, to)
    .filter((at) => at !== 0 && at < until)
    .sort();
  const ms = times.length < 2 ? 0 : (times.at(-1) as number) - (times[0] as number);
  return { count: times.length, perSecond: ms === 0 ? 0 : Math.round((times.length / ms) * 1_000) };
}

/** Sleeps until a time of the shared clock, in portions so that Ctrl-C is heard. */
async function sleepUntil(at: number, signal: AbortSignal): Promise<void> {
  while (monotonicMs() < at) {
    signal.throwIfAborted();
    await delay(Math.min(250, at - monotonicMs()));
  }
}

export async function besideOpenTransaction(
  context: BenchContext,
  system: RelaySystem,
  options: OpenTransactionOptions,
): Promise<OpenTransactionRun> {
  const { area, signal } = context;
  const { topic, backlog, openMs } = options;
  const write = writePlan(context, system, options);
  const lane = (i: number) => (i === 0 ? connections + 1 : i < write.from ? connections : laneOf(write, i));
  const follower = await follow(context, { topic, laneOf: lane, laneCount: connections + 2 });
  const holder = await openTransaction(context, system, topic);
  try {
    const openedAt = monotonicMs();
    await appendBacklog(context, { system, topic, from: 1, to: write.from });
    const relay = await system.start(area);
    try {
      await sleepUntil(openedAt + openMs * drainShare, signal);
      relay.mustRun();
      const written = await startWriter(write, signal);
      await sleepUntil(openedAt + openMs, signal);
      const endedAt = monotonicMs();
      const drained = publishedBefore(follower.receivedAt, [1, write.from], endedAt);
      const liveOnes = publishedBefore(follower.receivedAt, [write.from, written.to], endedAt);
      await holder.query('COMMIT');
      await follower.until(written.to, relay);
      const caughtUpMs = Math.round(monotonicMs() - endedAt);
      const { duplicates } = await follower.close(written.to);
      return {
        system: system.name,
        openSeconds: Math.round((endedAt - openedAt) / 1_000),
        backlog,
        drainedWhileOpen: drained.count,
        drainPerSecond: drained.perSecond,
        liveEvents: written.to - write.from,
        liveWhileOpen: liveOnes.count,
        received: latencyOf(latencies(follower.receivedAt, { write, written, from: write.from })),
        caughtUpMs,
        duplicates,
      };
    } finally {
      await relay.stop();
    }
  } finally {
    await follower.abandon();
    await holder.end();
  }
}
