import { setTimeout as delay } from 'node:timers/promises';
import type { Click } from '../../ops/demo/click-log.ts';
import { type Door, type EventResult, openDoor } from '../../ops/demo/door.ts';
import { interactionOf } from '../../ops/demo/replay.ts';

const batchSize = 20;

export interface SteadyReplay {
  /** Clicks answered `accepted` or, after an answer got lost, `duplicate`. */
  readonly accepted: readonly Click[];
  readonly rejected: readonly EventResult[];
  /** Sends what it is at and ends; rejects where an answer was none that a client can wait out. */
  stop(): Promise<void>;
  /** Ends at once, also where nobody answers. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface SteadyReplayOptions {
  /** Of several, each attempt takes another one. */
  readonly url: string | (() => string);
  readonly perSecond: number;
  readonly clicks: readonly Click[];
  readonly shiftMs: number;
}

/**
 * A client that sends clicks at a steady rate, whatever happens: a 429 or 503 is waited out as it says, and
 * whatever was not answered is sent again under the same ids.
 */
export function startSteadyReplay({ url, perSecond, clicks, shiftMs }: SteadyReplayOptions): SteadyReplay {
  const accepted: Click[] = [];
  const rejected: EventResult[] = [];
  const stopping = new AbortController();
  const leaving = new AbortController();
  const door = openDoor(url, leaving.signal);
  const loop = async () => {
    for (let from = 0; !stopping.signal.aborted; from += batchSize) {
      const batch = clicks.slice(from, from + batchSize);
      if (batch.length === 0) throw new RangeError('the log has ended before the test');
      const results = await send(door, batch, shiftMs);
      results.forEach((result, index) => {
        if (result.status === 'rejected') rejected.push(result);
        else accepted.push(batch[index] as Click);
      });
      await delay((1_000 * batchSize) / perSecond, undefined, { signal: stopping.signal }).catch(() => {}); // stopped: the loop ends
    }
  };
  const running = loop();
  running.catch(() => {}); // `stop` tells
  return {
    accepted,
    rejected,
    async stop() {
      stopping.abort();
      await running;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      leaving.abort();
      await running.catch(() => {});
    },
  };
}

async function send(door: Door, batch: readonly Click[], shiftMs: number): Promise<readonly EventResult[]> {
  const events = batch.map((click) => interactionOf(click, shiftMs));
  return (await door.post<{ results: EventResult[] }>('/v1/events:batch', { events })).results;
}
