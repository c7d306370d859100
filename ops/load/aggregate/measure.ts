import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { cpuTimeOf, peakMemoryMiB } from '../harness/cpu-time.ts';
import type { ProductProcess } from '../harness/product-process.ts';
import { type ServerProcesses, secondsBetween, serverSeconds } from '../relay/server-cpu.ts';

/** State at a quarter of the way. */
export interface Quarter {
  readonly percent: number;
  readonly eventsPerSecond: number;
  readonly rssMiB: number;
}

export interface Measured {
  /** From the claim of the partitions to the last committed offset. */
  readonly eventsPerSecond: number;
  /** The same from the start of the process. */
  readonly fromStartPerSecond: number;
  /** Of the quarters of the way. */
  readonly quarters: readonly Quarter[];
  readonly peakMiB: number;
  /** Of the process, its start left out. */
  readonly cpuSecondsPerMillion: number;
  readonly postgresSecondsPerMillion: number | null;
  readonly kafkaSecondsPerMillion: number | null;
}

export interface MeasureOptions {
  readonly client: pg.Client;
  readonly process: ProductProcess;
  readonly servers: ServerProcesses;
  readonly count: number;
  readonly signal: AbortSignal;
}

const pollMs = 50;
const stalledMs = 60_000;

const wallClock = (): number => performance.timeOrigin + performance.now();

function rssMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1_024);
}

/**
 * Committed offsets are the measure: what they have passed is in state. Undefined before the partitions are claimed.
 * Looking costs the server 0.1 ms each 50 ms.
 */
async function committed(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ n: string | null }>({
    name: 'committed',
    text: "SELECT sum(next_offset) AS n FROM consumer_offset WHERE stage = 'aggregation'",
  });
  const sum = rows[0]?.n ?? null;
  return sum === null ? undefined : Number(sum);
}

/** Follows a process until its committed offsets are those of the whole topic. */
export async function measure({ client, process, servers, count, signal }: MeasureOptions): Promise<Measured> {
  const cpu = () => {
    const { userSeconds, systemSeconds } = cpuTimeOf(process.pid);
    return userSeconds + systemSeconds;
  };
  let first: { at: number; done: number; cpu: number; servers: ReturnType<typeof serverSeconds> } | undefined;
  let before = { at: 0, done: 0 };
  let moved = { at: wallClock(), done: 0 };
  const quarters: Quarter[] = [];
  for (;;) {
    signal.throwIfAborted();
    process.mustRun();
    const claimed = await committed(client);
    const done = claimed ?? 0;
    const at = wallClock();
    if (done > moved.done) moved = { at, done };
    if (claimed !== undefined && first === undefined) {
      first = { at, done, cpu: cpu(), servers: serverSeconds(servers) };
      before = first;
    }
    while (first && done >= (count * (quarters.length + 1)) / 4 && quarters.length < 4) {
      const rate = Math.round(((done - before.done) / Math.max(1, at - before.at)) * 1_000);
      quarters.push({ percent: (quarters.length + 1) * 25, eventsPerSecond: rate, rssMiB: rssMiB(process.pid) });
      before = { at, done };
    }
    if (first && done >= count) return result(first, at);
    if (at - moved.at > stalledMs) {
      throw new FreshetError('bench_failed', `${done} of ${count} events, and no more for ${stalledMs} ms`);
    }
    await delay(pollMs);
  }

  function result(from: NonNullable<typeof first>, at: number): Measured {
    const events = Math.max(1, count - from.done);
    const perMillion = (seconds: number | null) =>
      seconds === null ? null : Number(((seconds / events) * 1e6).toFixed(1));
    const used = secondsBetween(from.servers, serverSeconds(servers));
    return {
      eventsPerSecond: Math.round((events / Math.max(1, at - from.at)) * 1_000),
      fromStartPerSecond: Math.round((count / (at - process.startedAt)) * 1_000),
      quarters,
      peakMiB: peakMemoryMiB(process.pid),
      cpuSecondsPerMillion: perMillion(cpu() - from.cpu) ?? 0,
      postgresSecondsPerMillion: perMillion(used.postgres),
      kafkaSecondsPerMillion: perMillion(used.kafka),
    };
  }
}

/** Mean events a transaction, from the process's own metrics; null where it has none. */
export async function meanBatch({ url }: ProductProcess): Promise<number | null> {
  const answer = await fetch(`${url}/metrics`);
  if (!answer.ok) return null;
  const text = await answer.text();
  const figure = (name: string) =>
    Number(
      new RegExp(`^freshet_stage_batch_records_${name}\\{[^}]*stage="aggregation"[^}]*\\} (\\S+)`, 'm').exec(text)?.[1],
    );
  const mean = figure('sum') / figure('count');
  return Number.isNaN(mean) ? null : Math.round(mean);
}
