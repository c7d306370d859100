import { expect, it } from 'vitest';
import { shardOf } from '../../../../../pipeline/domain/murmur2.ts';
import { parseSnapshot } from '../../../../../pipeline/domain/outbox-cursor.ts';
import { systemClock } from '../../../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';
import { Publisher } from '../../../../../pipeline/stages/relay/publisher.ts';
import type { OutboxSession, PageRow } from '../../../../../pipeline/stores/relay.ts';

const key = Buffer.from('shop|anna');
const shard = shardOf(key);
const row: PageRow = { seq: 1n, topic: 'compacted', key, payload: Buffer.from('x'), createdAt: 0 };
const cursor = { base: parseSnapshot('3:3:'), baseFloor: 0n, holds: new Map() };

/** An outbox with one row, whose cursor is somebody else's when it is to be moved. */
const session: OutboxSession = {
  outboxId: 'outbox',
  loadCursors: async (epochs) => [...epochs].map(([held, epoch]) => ({ shard: held, epoch, cursor, nextFloor: 0n })),
  probe: async () => ({ sequence: 1n, snapshot: '9:9:' }),
  readPages: async () => new Map([[shard, [row]]]),
  saveCursors: async () => new Set(),
  park: async () => true,
  hold: async () => true,
  heldKeys: async () => [],
  releasable: async () => new Map(),
  unpark: async () => true,
  isWoken: async () => true,
  close: async () => undefined,
};

it('closes the fenced producer of a shard that was lost while its page was in flight', async () => {
  const opened: string[] = [];
  const publisher = new Publisher(session, {
    producer: { send: async () => undefined, close: async () => undefined },
    fenced: {
      isFenced: () => true,
      open: async () => {
        opened.push('open');
        return { send: async () => undefined, close: async () => void opened.push('closed') };
      },
    },
    leases: { held: () => new Map([[shard, 1n]]), mayPublish: () => true },
    pageRecords: 10,
    clock: systemClock,
    random: () => 0.5,
    log: createLogger('silent'),
    metrics: createMetrics(),
    onFree: () => undefined,
    onBroken: (error) => expect.unreachable(String(error)),
  });
  expect(await publisher.round()).toEqual({ rows: 1, more: false });
  await publisher.drained();
  expect(opened).toEqual(['open', 'closed']);
});
