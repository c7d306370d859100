import type { Clock } from './clock.ts';
import type { Component } from './component.ts';

export interface PollingOptions {
  readonly name: string;
  /** Between the end of one look and the beginning of the next. */
  readonly everyMs: number;
  readonly clock: Clock;
  /** One look; never rejects: what is away is its own matter. */
  refresh(): Promise<void>;
  /** Why what is looked at may not be used yet, in words. */
  unready(): string | undefined;
}

/** Looks at something again and again, as long as it is started. */
export function createPolling({ name, everyMs, clock, refresh, unready }: PollingOptions): Component {
  return {
    name,
    async start() {
      const stopping = new AbortController();
      const loop = (async () => {
        while (!stopping.signal.aborted) {
          await refresh();
          await clock.sleep(everyMs, stopping.signal);
        }
      })();
      return {
        async stop() {
          stopping.abort();
          await loop;
        },
        unready,
      };
    },
  };
}
