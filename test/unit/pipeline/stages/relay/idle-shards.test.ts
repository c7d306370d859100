import { expect, it } from 'vitest';
import { parseSnapshot } from '../../../../../pipeline/domain/outbox-cursor.ts';
import type { Clock } from '../../../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';
import { Publisher } from '../../../../../pipeline/stages/relay/publisher.ts';
import type { OutboxSession } from '../../../../../pipeline/stores/relay.ts';

/** A publisher of one shard without rows, its clock, and the bases that are stored for it. */
function rig() {
  let now = 0;
  let snapshot = '3:3:';
  const stored: string[] = [];
  const cursor = { base: parseSnapshot('3:3:'), baseFloor: 0n, holds: new Map() };
  const session: OutboxSession = {
    outboxId: 'outbox',
    loadCursors: async () => [{ shard: 5, epoch: 1n, cursor, nextFloor: 0n }],
    read: async () => ({ sequence: 10n, snapshot, pages: new Map() }),
    async saveCursors(rows) {
      stored.push(...rows.map((row) => row.cursor.base.text));
      return new Set([5]);
    },
    park: async () => true,
    hold: async () => true,
    heldKeys: async () => [],
    releasable: async () => new Map(),
    unpark: async () => true,
    isWoken: async () => true,
    close: async () => undefined,
  };
  const clock: Clock = { now: () => now, monotonic: () => now, sleep: async () => undefined };
  const publisher = new Publisher(session, {
    producer: { send: async () => undefined, close: async () => undefined },
    leases: { held: () => new Map([[5, 1n]]), mayPublish: () => true },
    pageRecords: 10,
    clock,
    random: () => 0.5,
    log: createLogger('silent'),
    metrics: createMetrics(),
    onFree: () => undefined,
    onBroken: (error) => expect.unreachable(String(error)),
  });
  return {
    stored,
    async round(seen: string, at: number) {
      snapshot = seen;
      now = at;
      await publisher.round();
      await publisher.drained();
    },
  };
}

it('an idle shard stores its cursor after 30 s, and not before, so that a partition can be dropped', async () => {
  const { stored, round } = rig();
  await round('100:100:', 1_000);
  await round('200:200:', 29_000);
  expect(stored).toEqual([]);
  await round('300:300:', 31_500);
  await round('400:400:', 32_000);
  expect(stored).toHaveLength(1);
  expect(['200:200:', '300:300:']).toContain(stored[0]);
});

it('nothing is stored where no transaction was finished meanwhile', async () => {
  const { stored, round } = rig();
  await round('3:3:', 1_000);
  await round('3:3:', 90_000);
  expect(stored).toEqual([]);
});
