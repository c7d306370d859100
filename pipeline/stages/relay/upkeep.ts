import type { Clock } from '../../kernel/clock.ts';
import type { Running } from '../../kernel/component.ts';
import { messageOf, TransientError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { OutboxUpkeep } from '../../stores/relay.ts';

export interface UpkeepOptions {
  readonly upkeep: OutboxUpkeep;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'outboxUnpublished' | 'outboxOldestSeconds'>;
}

const depthEveryMs = 5_000;
/** In units of the above: a partition of 20 M rows lasts minutes at the least. */
const partitionsEvery = 6;

/** Keeps partitions ahead of the writers and the backlog's gauges fresh. */
export function startUpkeep({ upkeep, clock, log, metrics }: UpkeepOptions): Running {
  const stopping = new AbortController();

  const work = async (turn: number) => {
    if (turn % partitionsEvery === 0) {
      const created = await upkeep.ensurePartitions();
      if (created > 0) log.info({ created }, 'outbox partitions created ahead');
    }
    const { records, oldestCreatedAt } = await upkeep.depth();
    metrics.outboxUnpublished.set(records);
    metrics.outboxOldestSeconds.set(
      oldestCreatedAt === undefined ? 0 : Math.max(0, clock.now() - oldestCreatedAt) / 1_000,
    );
  };

  const run = async () => {
    for (let turn = 0; !stopping.signal.aborted; turn += 1) {
      try {
        await work(turn);
      } catch (error) {
        // Writers fail when partitions run out, so a lasting error needs a person.
        const level = error instanceof TransientError ? 'warn' : 'error';
        log[level]({ error: messageOf(error) }, 'outbox upkeep failed, trying again');
      }
      await clock.sleep(depthEveryMs, stopping.signal);
    }
  };
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
