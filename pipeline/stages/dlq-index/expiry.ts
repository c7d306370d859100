import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import type { Logger } from '../../kernel/logger.ts';
import { untilAvailable } from '../../kernel/retry.ts';
import type { DeadLetterIndex } from '../../stores/dead-letter.ts';

/** As long as the dead-letter topics keep their records. */
const keepMs = 30 * 86_400_000;
const everyMs = 3_600_000;

export interface DlqExpiryOptions {
  readonly index: Pick<DeadLetterIndex, 'expire'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** Forgets what failed last longer ago than the topics keep it. */
export function createDlqExpiry({ index, clock, random, log }: DlqExpiryOptions): Component {
  return {
    name: 'dlq-expiry',
    async start(fail) {
      const stopping = new AbortController();
      const { signal } = stopping;
      const run = async () => {
        while (!signal.aborted) {
          const expired = await untilAvailable('expiring dead letters', { clock, random, log, signal }, () =>
            index.expire(clock.now() - keepMs),
          );
          if (expired > 0) log.info({ expired }, 'dead letters expired from the index');
          await clock.sleep(everyMs, signal);
        }
      };
      const running = run().catch((error: unknown) => {
        if (!signal.aborted) fail(error);
      });
      return {
        async stop() {
          stopping.abort();
          await running;
        },
      };
    },
  };
}
