import type { Clock } from '../../kernel/clock.ts';
import type { Running } from '../../kernel/component.ts';
import { messageOf, TransientError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { OutboxDepth, OutboxHealth, OutboxUpkeep } from '../../stores/relay.ts';

export interface UpkeepOptions {
  readonly upkeep: OutboxUpkeep;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<
    Metrics,
    | 'outboxUnpublished'
    | 'outboxOldestSeconds'
    | 'outboxPartitions'
    | 'outboxPartitionsDropped'
    | 'outboxOldestPartitionSeconds'
    | 'outboxOldestTransactionSeconds'
    | 'outboxDeadTuples'
    | 'outboxParked'
    | 'relayUnownedShards'
  >;
}

/** At 120,000 rows/s the smallest partitions, a million rows, last 8 s each; two lie ahead. */
const lookEveryMs = 5_000;
/** As often as idle shards store their cursors, which is what a drop waits for. */
const retireEveryMs = 30_000;
/** Below this a burst could use up what is there before the next look. */
const leastAhead = 2;

/** Keeps partitions ahead of the writers, drops the old ones and keeps the outbox's gauges fresh. */
export function startUpkeep(options: UpkeepOptions): Running {
  const { upkeep, clock, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const parkedReasons = new Set<string>();

  const forEver = async (what: string, everyMs: number, work: () => Promise<void>) => {
    while (!signal.aborted) {
      try {
        await work();
      } catch (error) {
        if (signal.aborted) return; // cut off on purpose
        // Writers fail when partitions run out, so a lasting error needs a person.
        const level = error instanceof TransientError ? 'warn' : 'error';
        log[level]({ error: messageOf(error) }, `${what} failed, trying again`);
      }
      await clock.sleep(everyMs, signal);
    }
  };

  const look = async () => {
    const created = await upkeep.ensurePartitions();
    if (created > 0) log.info({ created }, 'outbox partitions created ahead');
    const health = await upkeep.health();
    setHealth(options, health, parkedReasons);
    if (health.partitionsAhead < leastAhead)
      log.error({ ahead: health.partitionsAhead }, 'outbox partitions are running out: writers fail past the last one');
    setDepth(options, await upkeep.depth());
  };
  const retire = async () => {
    const { dropped, refused, waiting } = await upkeep.retirePartitions(signal);
    options.metrics.outboxPartitionsDropped.inc(dropped.length);
    if (dropped.length > 0) log.info({ dropped }, 'outbox partitions dropped');
    if (waiting) log.info({}, 'an outbox partition is being detached, an open transaction is waited for');
    if (refused.length > 0)
      log.error({ refused }, 'outbox partitions hold rows that no cursor has passed; attached again, not dropped');
  };

  const running = [forEver('outbox upkeep', lookEveryMs, look), forEver('partition drop', retireEveryMs, retire)];
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

function setDepth({ metrics, clock }: UpkeepOptions, { records, oldestCreatedAt }: OutboxDepth): void {
  metrics.outboxUnpublished.set(records);
  metrics.outboxOldestSeconds.set(ageSeconds(clock, oldestCreatedAt));
}

const ageSeconds = (clock: Clock, since: number | undefined) =>
  since === undefined ? 0 : Math.max(0, clock.now() - since) / 1_000;

/** A reason that was seen once goes to 0 and stays. */
function setHealth({ metrics, clock }: UpkeepOptions, health: OutboxHealth, parkedReasons: Set<string>): void {
  metrics.outboxPartitions.set({ state: 'attached' }, health.partitions);
  metrics.outboxPartitions.set({ state: 'ahead' }, health.partitionsAhead);
  metrics.outboxPartitions.set({ state: 'overdue' }, health.partitionsOverdue);
  metrics.outboxPartitions.set({ state: 'refused' }, health.partitionsRefused);
  metrics.outboxOldestPartitionSeconds.set(ageSeconds(clock, health.oldestClosedAt));
  metrics.outboxOldestTransactionSeconds.set({ holds: 'xid' }, health.oldestXidAgeMs / 1_000);
  metrics.outboxOldestTransactionSeconds.set({ holds: 'xmin' }, health.oldestXminAgeMs / 1_000);
  for (const [table, count] of health.deadTuples) metrics.outboxDeadTuples.set({ table }, count);
  for (const reason of health.parked.keys()) parkedReasons.add(reason);
  for (const reason of parkedReasons) metrics.outboxParked.set({ reason }, health.parked.get(reason) ?? 0);
  metrics.relayUnownedShards.set(health.unownedShards);
}
