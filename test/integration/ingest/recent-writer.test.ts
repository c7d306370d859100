import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { typeNumber } from '../../../pipeline/domain/interaction-type.ts';
import { unpackRecent } from '../../../pipeline/domain/packed-recent.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../pipeline/kernel/metrics.ts';
import type { RecentInteraction } from '../../../pipeline/stores/recent-events.ts';
import { redisKeys } from '../../../pipeline/stores/redis/keys.ts';
import { createRecentWriter } from '../../../pipeline/stores/redis/recent-writer.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let redis: Redis;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'recent', migrated: false });
  redis = new Redis(workspace.config.FRESHET_REDIS_URL, { enableOfflineQueue: false });
  await eventually(() => redis.ping());
});

afterAll(async () => {
  redis.disconnect();
  await workspace.close();
});

/** Items are numbered by their own name; `?` has none. */
const items = {
  resolve: async (_: string, ids: Iterable<string>) =>
    new Map([...ids].filter((id) => id !== '?').map((id) => [id, Number(id)])),
};

function create(over: Partial<Parameters<typeof createRecentWriter>[0]> = {}) {
  const metrics = createMetrics();
  const writer = createRecentWriter({
    redis,
    items,
    clock: systemClock,
    metrics,
    log: createLogger('silent'),
    ...over,
  });
  const counted = async (result: string) => {
    const { values } = await metrics.ingestRecent.get();
    return values.find(({ labels }) => labels.result === result)?.value ?? 0;
  };
  return { writer, counted };
}

const seen = (userId: string, item: number | string, over: Partial<RecentInteraction> = {}): RecentInteraction => ({
  namespace: 'shop',
  userId,
  itemId: String(item),
  type: 'click',
  occurredAt: 1_768_478_400_000,
  ...over,
});

const read = async (userId: string) =>
  unpackRecent((await redis.getBuffer(redisKeys.recent('shop', userId))) ?? Buffer.alloc(0));

describe('recent events', () => {
  it('are appended in order, for each user apart, and go after 15 minutes', async () => {
    const { writer } = create();
    await writer.append([seen('a', 1), seen('b', 2, { type: 'purchase' }), seen('a', 3)]);
    expect((await read('a')).map(({ item }) => item)).toEqual([1, 3]);
    await writer.append([seen('a', 4)]);
    expect((await read('a')).map(({ item }) => item)).toEqual([1, 3, 4]);
    expect(await read('b')).toEqual([{ item: 2, type: typeNumber('purchase'), occurredAt: 1_768_478_400_000 }]);
    const ttl = await redis.pttl(redisKeys.recent('shop', 'a'));
    expect(ttl).toBeGreaterThan(14 * 60_000);
    expect(ttl).toBeLessThanOrEqual(15 * 60_000);
  });

  it('are at most 100, the newest', async () => {
    const { writer } = create();
    const both = [0, 90].map((from) => Array.from({ length: 90 }, (_, i) => seen('c', from + i)));
    await Promise.all(both.map((events) => writer.append(events)));
    expect((await read('c')).map(({ item }) => item)).toEqual(Array.from({ length: 100 }, (_, i) => 80 + i));
  });

  it('leave nothing where the item has no number', async () => {
    const { writer, counted } = create();
    await writer.append([seen('d', '?'), seen('e', '?'), seen('e', 7)]);
    expect(await counted('written')).toBe(1);
    expect(await counted('unknown_item')).toBe(2);
    expect([await read('d'), (await read('e')).length]).toEqual([[], 1]);
  });

  it('replace a value that is none of theirs', async () => {
    await redis.set(redisKeys.recent('shop', 'f'), 'not packed');
    await create().writer.append([seen('f', 1)]);
    expect(await read('f')).toHaveLength(1);
  });

  it('are dropped and counted while Redis is away, at once and without an error', async () => {
    const away = new Redis(workspace.config.FRESHET_REDIS_URL, { enableOfflineQueue: false, lazyConnect: true });
    const { writer, counted } = create({ redis: away });
    await writer.append([seen('g', 1), seen('g', 2)]);
    expect(await counted('dropped')).toBe(2);
  });

  it('are dropped and counted when too many are under way', async () => {
    const { writer, counted } = create({ items: { resolve: () => new Promise(() => undefined) } });
    const many = (count: number) => Array.from({ length: count }, (_, i) => seen('h', i));
    // The look-up never ends: the answers wait for a moment only.
    await Promise.all([writer.append(many(9_999)), writer.append(many(2))]);
    expect(await counted('dropped')).toBe(2);
  });

  it('are counted as failed where items cannot be looked up', async () => {
    const { writer, counted } = create({ items: { resolve: () => Promise.reject(new Error('away')) } });
    await writer.append([seen('i', 1)]);
    expect(await counted('failed')).toBe(1);
  });
});
