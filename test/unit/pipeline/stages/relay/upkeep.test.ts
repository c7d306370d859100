import { expect, it } from 'vitest';
import type { Logger } from '../../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';
import { startUpkeep } from '../../../../../pipeline/stages/relay/upkeep.ts';
import type { OutboxHealth, OutboxUpkeep } from '../../../../../pipeline/stores/relay.ts';
import { eventually } from '../../../../support/eventually.ts';

const healthy: OutboxHealth = {
  partitions: 3,
  partitionsAhead: 2,
  partitionsOverdue: 0,
  partitionsRefused: 0,
  oldestClosedAt: 40_000,
  oldestXidAgeMs: 1_500,
  oldestXminAgeMs: 2_500,
  deadTuples: new Map([['outbox_cursor', 7]]),
  parked: new Map([['record_too_large', 4]]),
  unownedShards: 1,
};

/** One turn of both loops: whoever sleeps is let go when the test steps. */
function rig(over: Partial<OutboxUpkeep> = {}) {
  const logged: string[] = [];
  const note = (level: string) => (_: object, message: string) => void logged.push(`${level}: ${message}`);
  const log = { info: note('info'), warn: note('warn'), error: note('error'), debug: note('debug') } as never as Logger;
  const metrics = createMetrics();
  let sleepers: (() => void)[] = [];
  const clock = {
    now: () => 100_000,
    monotonic: () => 0,
    sleep: (_: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        sleepers.push(resolve);
        signal?.addEventListener('abort', () => resolve());
      }),
  };
  const upkeep: OutboxUpkeep = {
    ensurePartitions: async () => 0,
    retirePartitions: async () => ({ dropped: [], refused: [], waiting: false }),
    depth: async () => ({ records: 5, exact: true, oldestCreatedAt: 97_000 }),
    health: async () => healthy,
    ...over,
  };
  const running = startUpkeep({ upkeep, clock, log, metrics });
  return {
    logged,
    running,
    bothSleep: () => eventually(() => expect(sleepers).toHaveLength(2)),
    step() {
      const waiting = sleepers;
      sleepers = [];
      for (const wake of waiting) wake();
    },
    async value(name: string, labels: Record<string, string> = {}) {
      const found = (await metrics.registry.getMetricsAsJSON()).find((one) => one.name === name);
      const values = (found?.values ?? []) as { value: number; labels: Record<string, string> }[];
      return values.find((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))?.value;
    },
  };
}

it('reports what an operator must hear of', async () => {
  const { running, bothSleep, value, logged } = rig({
    retirePartitions: async () => ({ dropped: ['outbox_p0', 'outbox_p1'], refused: [], waiting: false }),
  });
  await bothSleep();
  await running.stop();
  expect(await value('freshet_outbox_unpublished_records')).toBe(5);
  expect(await value('freshet_outbox_oldest_unpublished_seconds')).toBe(3);
  expect(await value('freshet_outbox_partitions', { state: 'ahead' })).toBe(2);
  expect(await value('freshet_outbox_partitions_dropped_total')).toBe(2);
  expect(await value('freshet_outbox_oldest_partition_seconds')).toBe(60);
  expect(await value('freshet_outbox_oldest_transaction_seconds', { holds: 'xid' })).toBe(1.5);
  expect(await value('freshet_outbox_oldest_transaction_seconds', { holds: 'xmin' })).toBe(2.5);
  expect(await value('freshet_outbox_dead_tuples', { table: 'outbox_cursor' })).toBe(7);
  expect(await value('freshet_outbox_parked_records', { reason: 'record_too_large' })).toBe(4);
  expect(await value('freshet_relay_unowned_shards')).toBe(1);
  expect(logged.filter((line) => line.startsWith('error'))).toEqual([]);
});

it('raises its voice with fewer than two partitions ahead, and where a drop was refused', async () => {
  const { running, bothSleep, logged } = rig({
    health: async () => ({ ...healthy, partitionsAhead: 1 }),
    retirePartitions: async () => ({ dropped: [], refused: ['outbox_p0'], waiting: false }),
  });
  await bothSleep();
  await running.stop();
  expect(logged).toContain('error: outbox partitions are running out: writers fail past the last one');
  expect(logged).toContain('error: outbox partitions hold rows that no cursor has passed; attached again, not dropped');
});

it('sets a reason to 0 when nothing is parked for it any more', async () => {
  let parked = healthy.parked;
  const { running, bothSleep, step, value } = rig({ health: async () => ({ ...healthy, parked }) });
  await bothSleep();
  parked = new Map();
  step();
  await bothSleep();
  await running.stop();
  expect(await value('freshet_outbox_parked_records', { reason: 'record_too_large' })).toBe(0);
});

it('goes on looking while a drop waits, and cuts the drop off when it is stopped', async () => {
  let looks = 0;
  const { running } = rig({
    health: async () => {
      looks += 1;
      return healthy;
    },
    retirePartitions: (signal) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('cut off')))),
  });
  await eventually(() => expect(looks).toBe(1));
  await running.stop();
});
