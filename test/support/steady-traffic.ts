import { setTimeout as delay } from 'node:timers/promises';
import { type EventResult, openDoor } from '../../ops/demo/door.ts';

const batchSize = 20;
const requestsInFlight = 8;

export interface SteadyTraffic {
  /** Events answered `accepted`, or `duplicate` after an answer got lost. */
  accepted(): number;
  /** Ends once all that was sent is answered; rejects where something was refused. */
  stop(): Promise<void>;
}

export interface SteadyTrafficOptions {
  readonly url: string;
  readonly perSecond: number;
  /** The n-th event, counted from 0. */
  eventOf(n: number): Readonly<Record<string, unknown>>;
}

/** A client that sends events at a steady rate, whether or not the ones before are answered yet. */
export function startSteadyTraffic({ url, perSecond, eventOf }: SteadyTrafficOptions): SteadyTraffic {
  const stopping = new AbortController();
  const door = openDoor(url, new AbortController().signal);
  const inFlight = new Set<Promise<void>>();
  let accepted = 0;
  const send = async (from: number) => {
    const events = Array.from({ length: batchSize }, (_, at) => eventOf(from + at));
    const { results } = await door.post<{ results: EventResult[] }>('/v1/events:batch', { events });
    const refused = results.find(({ status }) => status === 'rejected');
    if (refused) throw new Error(`refused: ${JSON.stringify(refused)}`);
    accepted += results.length;
  };
  const loop = async () => {
    const startedAt = performance.now();
    for (let n = 0; !stopping.signal.aborted; n += batchSize) {
      const sending = send(n).finally(() => inFlight.delete(sending));
      inFlight.add(sending);
      if (inFlight.size >= requestsInFlight) await Promise.race(inFlight);
      const due = startedAt + ((n + batchSize) * 1_000) / perSecond - performance.now();
      if (due > 0) await delay(due, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    await Promise.all(inFlight);
  };
  const running = loop();
  running.catch(() => undefined); // `stop` tells
  return {
    accepted: () => accepted,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
