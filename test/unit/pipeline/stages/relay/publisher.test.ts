import { expect, it } from 'vitest';
import { shardOf } from '../../../../../pipeline/domain/murmur2.ts';
import { parseSnapshot } from '../../../../../pipeline/domain/outbox-cursor.ts';
import { systemClock } from '../../../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';
import { Publisher, type PublisherOptions } from '../../../../../pipeline/stages/relay/publisher.ts';
import type { CursorRow, OutboxSession, PageRequest, PageRow } from '../../../../../pipeline/stores/relay.ts';

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

const options = (over: Partial<PublisherOptions>): PublisherOptions => ({
  producer: { send: async () => undefined, close: async () => undefined },
  leases: { held: () => new Map([[shard, 1n]]), mayPublish: () => true },
  pageRecords: 10,
  clock: systemClock,
  random: () => 0.5,
  log: createLogger('silent'),
  metrics: createMetrics(),
  onFree: () => undefined,
  onBroken: (error) => expect.unreachable(String(error)),
  ...over,
});

it('closes the fenced producer of a shard that was lost while its page was in flight', async () => {
  const opened: string[] = [];
  const fenced = {
    isFenced: () => true,
    open: async () => {
      opened.push('open');
      return { send: async () => undefined, close: async () => void opened.push('closed') };
    },
  };
  const publisher = new Publisher(session, options({ fenced }));
  expect(await publisher.round()).toEqual({ rows: 1, more: false });
  await publisher.drained();
  expect(opened).toEqual(['open', 'closed']);
});

it('proves a floor before it opens a batch far behind the sequence', async () => {
  const steps: string[] = [];
  const saved: CursorRow[] = [];
  const publisher = new Publisher(
    {
      ...session,
      probe: async () => {
        steps.push('probe');
        return { sequence: 900_000n, snapshot: '9:9:' };
      },
      readPages: async () => {
        steps.push('read');
        return new Map([[shard, [row]]]);
      },
      saveCursors: async (rows) => {
        steps.push('save');
        saved.push(...rows);
        return new Set(rows.map((one) => one.shard));
      },
    },
    options({}),
  );
  await publisher.round();
  await publisher.drained();
  expect(steps).toEqual(['probe', 'save', 'probe', 'read', 'save']);
  expect(saved.map(({ cursor: { baseFloor }, nextFloor }) => ({ baseFloor, nextFloor }))).toEqual([
    { baseFloor: 0n, nextFloor: 900_000n },
    { baseFloor: 900_000n, nextFloor: 900_000n },
  ]);
});

it('reads the next page while the cursor of the last is stored, and no more before it is', async () => {
  const stores: (() => void)[] = [];
  const reads: bigint[] = [];
  let at = 0n;
  const publisher = new Publisher(
    {
      ...session,
      readPages: async ([request]: readonly PageRequest[]) => {
        reads.push(request?.filter.lastSeq ?? -1n);
        at += 1n;
        return new Map([[shard, [{ ...row, seq: at }]]]);
      },
      saveCursors: (rows) =>
        new Promise((resolve) => stores.push(() => resolve(new Set(rows.map((one) => one.shard))))),
    },
    options({ pageRecords: 1 }),
  );
  const sent = () => new Promise((resolve) => setImmediate(resolve));
  for (let round = 0; round < 4; round += 1) {
    await publisher.round();
    await sent();
  }
  expect(reads).toEqual([0n, 1n]);
  expect(stores).toHaveLength(1);
  stores[0]?.();
  await sent();
  await publisher.round();
  expect(reads).toEqual([0n, 1n, 2n]);
  const drained = publisher.drained();
  for (let store = 1; store < 4; store += 1) {
    await sent();
    stores[store]?.();
  }
  await drained;
});
