import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { BenchContext } from './context.ts';
import { type Comparison, Ledger } from './ledger.ts';
import { monotonicMs, monotonicOf } from './monotonic.ts';
import type { RelayProcess } from './relay-process.ts';
import { openTopicReader } from './topic-reader.ts';

/** Consumes a topic as it grows, the same way for every system. */
export interface Follower {
  /** When event `i` arrived first, on the shared clock; 0 where it has not. */
  readonly receivedAt: Float64Array;
  /** When the broker appended it, on the shared clock; whole milliseconds, rounded down. */
  readonly appendedAt: Float64Array;
  /** Resolves when all events before `to` have arrived; throws where the relay ends or none comes for a minute. */
  until(to: number, relay: RelayProcess): Promise<void>;
  /** Stops, and throws where an event before `expected` is missing, is not as written or out of order. */
  close(expected: number): Promise<Comparison>;
  /** Stops, whatever was read. */
  abandon(): Promise<void>;
}

export interface FollowOptions {
  readonly topic: string;
  readonly laneOf: (i: number) => number;
  readonly laneCount: number;
}

const pollMs = 20;
const stalledMs = 60_000;

export async function follow(
  { area, events, signal }: BenchContext,
  { topic, laneOf, laneCount }: FollowOptions,
): Promise<Follower> {
  const { count: expected } = events;
  const receivedAt = new Float64Array(expected);
  const appendedAt = new Float64Array(expected);
  const ledger = new Ledger({ ...events, expected, laneOf, laneCount });
  let received = 0;
  let lastAt = monotonicMs();
  const reader = await openTopicReader(area.urls.kafkaBrokers, area.prefix + topic);
  let failure: unknown;
  const running = reader
    .run((record) => {
      const i = ledger.take(record);
      if (i < 0) return;
      lastAt = monotonicMs();
      receivedAt[i] = lastAt;
      appendedAt[i] = monotonicOf(record.appendedAt);
      received += 1;
    })
    .catch((error: unknown) => {
      failure = error;
    });
  const stop = async () => {
    reader.close();
    await running;
  };
  return {
    receivedAt,
    appendedAt,
    async until(to, relay) {
      lastAt = monotonicMs();
      for (let at = 0; at < to; ) {
        signal.throwIfAborted();
        relay.mustRun();
        if (failure !== undefined) throw failure;
        while (at < to && receivedAt[at] !== 0) at += 1;
        if (monotonicMs() - lastAt > stalledMs) {
          throw new FreshetError(
            'bench_failed',
            `${topic}: event ${at} of ${to} does not come:\n${relay.output.slice(-10).join('\n')}`,
          );
        }
        if (at < to) await delay(pollMs);
      }
    },
    async close(total) {
      await stop();
      if (failure !== undefined) throw failure;
      const comparison = ledger.compare();
      const missing = total - received;
      const { foreign, misordered } = comparison;
      if (missing !== 0 || foreign + misordered > 0) {
        throw new FreshetError(
          'bench_failed',
          `${topic}: of ${total} events ${missing} are missing, ${foreign} records are not as written, ${misordered} out of order`,
        );
      }
      return { ...comparison, expected: total, missing };
    },
    abandon: stop,
  };
}
