import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import { messageOf, TransientError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';

export interface TickerOptions {
  readonly name: string;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Repeatable: what a tick did not finish, the next one takes up. */
  tick(signal: AbortSignal): Promise<void>;
}

/** Does the same again and again, one at a time. An outage is waited for; any other fault ends the process. */
export function createTicker({ name, everyMs, clock, log, tick }: TickerOptions): Component {
  return {
    name,
    start: async (fail) => {
      const stopping = new AbortController();
      let failing = false;
      const once = async () => {
        try {
          await tick(stopping.signal);
          if (failing) log.info({ component: name }, 'available again');
          failing = false;
        } catch (error) {
          if (!(error instanceof TransientError)) throw error;
          if (!failing) log.warn({ component: name, error: messageOf(error) }, 'not available, trying again');
          failing = true;
        }
      };
      const loop = async () => {
        while (!stopping.signal.aborted) {
          await once();
          await clock.sleep(everyMs, stopping.signal);
        }
      };
      const ended = loop().catch(fail);
      return {
        stop: async () => {
          stopping.abort();
          await ended;
        },
      };
    },
  };
}
