import { expect, it } from 'vitest';
import { shardOf } from '../../../../../pipeline/domain/murmur2.ts';
import { parseSnapshot } from '../../../../../pipeline/domain/outbox-cursor.ts';
import { systemClock } from '../../../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';
import { Publisher, type PublisherOptions } from '../../../../../pipeline/stages/relay/publisher.ts';
import type { CursorRow, OutboxSession, PageRequest, PageRow } from '../../../../../pipeline/stores/relay.ts';
import { eventually } from '../../../../support/eventually.ts';

const key = Buffer.from('shop|anna');
const shard = shardOf(key);
const row: PageRow = { seq: 1n, topic: 'compacted', key, payload: Buffer.from('x'), createdAt: 0 };
const cursor = { base: parseSnapshot('3:3:'), baseFloor: 0n, holds: new Map() };

/** An outbox with one row, whose cursor is somebody else's when it is to be moved. */
const session: OutboxSession = {
  outboxId: 'outbox',
  loadCursors: async (epochs) => [...epochs].map(([held, epoch]) => ({ shard: held, epoch, cursor, nextFloor: 0n })),
  read: async () => ({ sequence: 1n, snapshot: '9:9:', pages: new Map([[shard, [row]]]) }),
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

/** A session that notes what it is asked, with a sequence far ahead of every floor. */
function farBehind(steps: string[], saved: CursorRow[]): OutboxSession {
  return {
    ...session,
    read: async () => {
      steps.push('read');
      return { sequence: 900_000n, snapshot: '9:9:', pages: new Map([[shard, [row]]]) };
    },
    saveCursors: async (rows) => {
      steps.push('save');
      saved.push(...rows);
      return new Set(rows.map((one) => one.shard));
    },
  };
}

it('proves a floor and reads again before it opens a batch far behind the sequence', async () => {
  const steps: string[] = [];
  const saved: CursorRow[] = [];
  const publisher = new Publisher(farBehind(steps, saved), options({}));
  expect(await publisher.round()).toEqual({ rows: 0, more: true });
  expect(await publisher.round()).toEqual({ rows: 1, more: false });
  await publisher.drained();
  expect(steps).toEqual(['read', 'save', 'read', 'save']);
  expect(saved.map(({ cursor: { baseFloor }, nextFloor }) => ({ baseFloor, nextFloor }))).toEqual([
    { baseFloor: 0n, nextFloor: 900_000n },
    { baseFloor: 900_000n, nextFloor: 900_000n },
  ]);
});

it('proves no floor twice in a row, however fast the sequence runs', async () => {
  const steps: string[] = [];
  let sequence = 0n;
  const outbox = farBehind(steps, []);
  const running: OutboxSession = {
    ...outbox,
    read: async (requests) => {
      sequence += 1_000_000n;
      return { ...(await outbox.read(requests)), sequence };
    },
  };
  const publisher = new Publisher(running, options({}));
  expect((await publisher.round()).rows).toBe(0);
  expect((await publisher.round()).rows).toBe(1);
  await publisher.drained();
});

it('reads again from below where an old transaction ended since its walk began', async () => {
  const held = { base: parseSnapshot('5:9:5'), baseFloor: 50_000n, holds: new Map([[5n, 100n]]) };
  const walks: bigint[] = [];
  const publisher = new Publisher(
    {
      ...session,
      loadCursors: async (epochs) =>
        [...epochs].map(([one, epoch]) => ({ shard: one, epoch, cursor: held, nextFloor: 50_000n })),
      read: async ([request]: readonly PageRequest[]) => {
        walks.push(request?.filter.lastSeq ?? -1n);
        return { sequence: 50_000n, snapshot: '10:10:', pages: new Map([[shard, [{ ...row, seq: 101n }]]]) };
      },
    },
    options({}),
  );
  expect(await publisher.round()).toEqual({ rows: 0, more: true });
  expect(await publisher.round()).toEqual({ rows: 1, more: false });
  await publisher.drained();
  expect(walks).toEqual([50_000n, 100n]);
});

it('reads on while a cursor is stored, until more than a page waits for it', async () => {
  const stores: (() => void)[] = [];
  const reads: bigint[] = [];
  let at = 0n;
  const publisher = new Publisher(
    {
      ...session,
      read: async ([request]: readonly PageRequest[]) => {
        reads.push(request?.filter.lastSeq ?? -1n);
        at += 1n;
        return { sequence: at, snapshot: '9:9:', pages: new Map([[shard, [{ ...row, seq: at }]]]) };
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
  stores[0]?.();
  await eventually(() => expect(stores).toHaveLength(2));
  await publisher.round();
  expect(reads).toEqual([0n, 1n]);
  stores[1]?.();
  await sent();
  await publisher.round();
  expect(reads).toEqual([0n, 1n, 2n]);
  const drained = publisher.drained();
  await eventually(() => expect(stores).toHaveLength(3));
  stores[2]?.();
  await drained;
});

it('leaves out a shard that turns out to be lost while its next page is read', async () => {
  const saving = Promise.withResolvers<void>();
  const reading = Promise.withResolvers<void>();
  let reads = 0;
  const publisher = new Publisher(
    {
      ...session,
      read: async () => {
        reads += 1;
        if (reads === 2) await reading.promise;
        return { sequence: 2n, snapshot: '9:9:', pages: new Map([[shard, [{ ...row, seq: BigInt(reads) }]]]) };
      },
      saveCursors: async () => {
        await saving.promise;
        return new Set();
      },
    },
    options({}),
  );
  expect((await publisher.round()).rows).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  const second = publisher.round();
  await eventually(() => expect(reads).toBe(2));
  saving.resolve();
  await publisher.drained();
  reading.resolve();
  expect(await second).toEqual({ rows: 0, more: false });
});
