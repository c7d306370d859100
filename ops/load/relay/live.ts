import { type Latency, latencyOf } from '../harness/statistics.ts';
import { type AckPercentiles, ackHistogram, ackPercentiles } from './ack-histogram.ts';
import type { BenchContext } from './context.ts';
import { type Follower, follow } from './follower.ts';
import { type RelayProcess, usageOf } from './relay-process.ts';
import { secondsBetween, serverSeconds } from './server-cpu.ts';
import type { RelaySystem, SystemName } from './systems/system.ts';
import { withWarmRelay } from './warm-relay.ts';
import { laneOf, type WritePlan, type Written } from './write-plan.ts';
import { startWriter } from './writer.ts';

/** Writers at a steady rate, and how soon their events are in the topic. */
export interface LiveRun {
  readonly system: SystemName;
  /** Asked of the writers. */
  readonly rate: number;
  /** What they did. */
  readonly writtenPerSecond: number;
  readonly events: number;
  readonly duplicates: number;
  /** Commit acknowledged to the writer → record in the consumer's hands. */
  readonly received: Latency;
  /** Commit acknowledged to the writer → the broker's append time, rounded up to whole milliseconds. */
  readonly appended: Latency;
  /** Row written → broker's acknowledgement, by the relay's own histogram; null for others. */
  readonly acknowledged: AckPercentiles | null;
  readonly cpuSecondsPerMillion: number;
  readonly peakMiB: number;
  readonly postgresSecondsPerMillion: number | null;
  readonly kafkaSecondsPerMillion: number | null;
}

const connections = 4;
/** At the measured rate, after the warm-up drain. */
const warmUpMs = 2_000;

/** Up to 1,000 commits a second: single events first, then small transactions. */
export const rowsPerCommit = (rate: number): number => Math.max(1, Math.round(rate / 1_000));

/** The first event tells that the relay runs; then come those that warm it up, then those that count. */
function planOf({ area }: BenchContext, system: RelaySystem, { topic, rate, forMs }: LiveOptions) {
  const rows = rowsPerCommit(rate);
  const whole = (ms: number) => Math.ceil((rate * ms) / 1_000 / rows) * rows;
  const measuredFrom = 1 + whole(warmUpMs);
  const write: WritePlan = {
    url: area.urls.postgresUrl,
    sql: system.appendSql,
    topic,
    from: 1,
    to: measuredFrom + whole(forMs),
    rowsPerCommit: rows,
    connections,
    eventsPerSecond: rate,
    signalled: system.signalled,
  };
  return { measuredFrom, write };
}

export interface LiveOptions {
  readonly topic: string;
  readonly rate: number;
  readonly forMs: number;
}

/** Latencies of events `from … to - 1`. */
export function latencies(
  times: Float64Array,
  { write, written, from }: { readonly write: WritePlan; readonly written: Written; readonly from: number },
): Float64Array {
  const committedAt = (i: number) => written.committedAt[Math.floor((i - write.from) / write.rowsPerCommit)] as number;
  return Float64Array.from({ length: written.to - from }, (_, k) => {
    const latency = (times[from + k] as number) - committedAt(from + k);
    return Math.max(0, latency); // a record may be there before the writer has its answer
  });
}

async function measure(
  context: BenchContext,
  system: RelaySystem,
  options: LiveOptions,
  relay: RelayProcess,
): Promise<LiveRun> {
  const { area, servers, signal } = context;
  const { topic, rate } = options;
  const { write, measuredFrom } = planOf(context, system, options);
  const lane = (i: number) => (i === 0 ? connections : laneOf(write, i));
  const follower: Follower = await follow(context, { topic, laneOf: lane, laneCount: connections + 1 });
  try {
    await area.client.query({ text: system.appendSql, values: [topic, 0, 1] });
    await follower.until(1, relay);
    const writing = startWriter(write, signal);
    writing.catch(() => undefined); // looked at below
    await Promise.race([follower.until(measuredFrom, relay), writing]);
    const before = { usage: usageOf(relay), servers: serverSeconds(servers), acks: await ackHistogram(relay) };
    const written = await writing;
    await follower.until(written.to, relay);
    const usage = usageOf(relay);
    const seconds = secondsBetween(before.servers, serverSeconds(servers));
    const acks = await ackHistogram(relay);
    const { duplicates } = await follower.close(written.to);
    const million = (written.to - measuredFrom) / 1_000_000;
    const perMillion = (value: number | null) => (value === null ? null : Number((value / million).toFixed(1)));
    const range = { write, written, from: measuredFrom };
    return {
      system: system.name,
      rate,
      writtenPerSecond: Math.round(((written.to - write.from) / (written.endedAt - written.startedAt)) * 1_000),
      events: written.to - measuredFrom,
      duplicates,
      received: latencyOf(latencies(follower.receivedAt, range)),
      appended: latencyOf(latencies(follower.appendedAt, range).map((latency) => latency + 1)),
      acknowledged: before.acks && acks ? ackPercentiles(before.acks, acks) : null,
      cpuSecondsPerMillion: Number(((usage.cpuSeconds - before.usage.cpuSeconds) / million).toFixed(1)),
      peakMiB: usage.peakMiB,
      postgresSecondsPerMillion: perMillion(seconds.postgres),
      kafkaSecondsPerMillion: perMillion(seconds.kafka),
    };
  } finally {
    await follower.abandon();
  }
}

export const live = (context: BenchContext, system: RelaySystem, options: LiveOptions): Promise<LiveRun> =>
  withWarmRelay(context, system, (relay) => measure(context, system, options, relay));
