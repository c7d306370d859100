import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { profileKey } from '../../pipeline/domain/keys.ts';
import { partitionOf } from '../../pipeline/domain/murmur2.ts';
import { refreshEveryMs, refreshStaleMs } from '../../pipeline/domain/refresh-limits.ts';
import { TransientError } from '../../pipeline/kernel/errors.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createMemoryRefreshQueue } from '../../pipeline/stores/memory/refresh-queue.ts';
import { redisKeys } from '../../pipeline/stores/redis/keys.ts';
import { openRedis } from '../../pipeline/stores/redis/open-redis.ts';
import { createRefreshQueue, createRefreshRequests } from '../../pipeline/stores/redis/refresh-queue.ts';
import type { RefreshQueue } from '../../pipeline/stores/refresh.ts';
import type { RefreshRequests } from '../../pipeline/stores/serving.ts';
import { createWorkspace, type Workspace } from '../support/workspace.ts';

interface Subject {
  readonly requests: RefreshRequests;
  readonly queue: RefreshQueue;
  /** Puts in what was asked so long ago. */
  askedBefore(agoMs: number, userId: string): Promise<void>;
}

const partitionCount = 4;
const limit = 3;
const everywhere = { partitions: [0, 1, 2, 3], limit: 10 };
const partition = (userId: string) => partitionOf(profileKey(1, 'shop', userId), partitionCount);
/** Users of one partition. */
const [u1 = '', u2 = '', u3 = '', u4 = ''] = Array.from({ length: 99 }, (_, i) => `u|${i}`).filter(
  (userId) => partition(userId) === 0,
);

function contract(open: () => Subject) {
  const users = async (version = 1, lane: 'asked' | 'backfill' = 'asked') =>
    (await open().queue.oldest(version, lane, everywhere)).map(({ userId }) => userId);

  it('hands over what was asked, oldest first, until it is removed', async () => {
    const { requests, queue } = open();
    expect(await requests.ask(1, 'shop', u1)).toEqual({ kind: 'queued', expired: 0 });
    expect(await requests.ask(1, 'shop', u2)).toEqual({ kind: 'queued', expired: 0 });
    const entries = await queue.oldest(1, 'asked', everywhere);
    expect(entries).toMatchObject([
      { namespace: 'shop', userId: u1, partition: 0 },
      { namespace: 'shop', userId: u2, partition: 0 },
    ]);
    expect(entries.every(({ waitedMs }) => waitedMs >= 0 && waitedMs < refreshStaleMs)).toBe(true);
    expect(await queue.oldest(1, 'asked', { partitions: [0], limit: 1 })).toHaveLength(1);
    await queue.remove(1, 'asked', entries.slice(0, 1));
    expect(await users()).toEqual([u2]);
    await queue.remove(1, 'asked', []);
    expect(await users()).toEqual([u2]);
  });

  it('keeps versions, lanes and partitions apart', async () => {
    const { requests, queue } = open();
    await requests.ask(1, 'shop', u1);
    expect(await users(2)).toEqual([]);
    expect(await users(1, 'backfill')).toEqual([]);
    expect(await queue.oldest(1, 'asked', { partitions: [1, 2, 3], limit: 10 })).toEqual([]);
  });

  it('takes a user once while the request waits, and refuses for a time once it is done', async () => {
    const { requests, queue } = open();
    await requests.ask(1, 'shop', u1);
    expect(await requests.ask(1, 'shop', u1)).toEqual({ kind: 'already_queued', expired: 0 });
    await queue.remove(1, 'asked', await queue.oldest(1, 'asked', everywhere));
    const refused = await requests.ask(1, 'shop', u1);
    expect(refused).toMatchObject({ kind: 'too_often', expired: 0 });
    expect((refused as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(refreshEveryMs);
    expect((refused as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0);
    expect(await requests.ask(1, 'other', u1)).toMatchObject({ kind: 'queued' });
  });

  it('lets only one of many that ask at once in', async () => {
    const { requests } = open();
    const answers = await Promise.all(Array.from({ length: 20 }, () => requests.ask(1, 'shop', u1)));
    expect(answers.filter(({ kind }) => kind === 'queued')).toHaveLength(1);
    expect(answers.filter(({ kind }) => kind === 'already_queued')).toHaveLength(19);
  });

  it('is full at its limit, and a refusal costs the user nothing', async () => {
    const { requests, queue } = open();
    for (const userId of [u1, u2, u3]) expect((await requests.ask(1, 'shop', userId)).kind).toBe('queued');
    expect(await requests.ask(1, 'shop', u4)).toEqual({ kind: 'queue_full', expired: 0 });
    await queue.remove(1, 'asked', await queue.oldest(1, 'asked', everywhere));
    expect((await requests.ask(1, 'shop', u4)).kind).toBe('queued');
  });

  it('makes room by dropping what nobody has read in time', async () => {
    const { requests, askedBefore } = open();
    for (const userId of [u1, u2, u3]) await askedBefore(refreshStaleMs + 5_000, userId);
    expect(await requests.ask(1, 'shop', u4)).toEqual({ kind: 'queued', expired: 3 });
    expect(await users()).toEqual([u4]);
  });

  it('tells how long a request has waited', async () => {
    const { queue, askedBefore } = open();
    await askedBefore(30_000, u1);
    const [entry] = await queue.oldest(1, 'asked', everywhere);
    expect(entry?.waitedMs).toBeGreaterThanOrEqual(30_000);
    expect(entry?.waitedMs).toBeLessThan(60_000);
  });
}

describe('refreshes in memory', () => {
  let subject: Subject;
  let instant = 0;
  beforeEach(() => {
    instant = 1_800_000_000_000;
    const store = createMemoryRefreshQueue({ partitionCount, limit, now: () => instant });
    subject = {
      requests: store,
      queue: store,
      async askedBefore(agoMs, userId) {
        instant -= agoMs;
        store.add(1, 'asked', 'shop', userId);
        instant += agoMs;
      },
    };
  });
  contract(() => subject);
});

describe('refreshes in Redis', () => {
  let workspace: Workspace;
  let redis: Redis;
  let made = 0;
  beforeAll(async () => {
    workspace = await createWorkspace({ name: 'refresh', migrated: false });
    redis = openRedis({ url: workspace.config.FRESHET_REDIS_URL, name: 'test', log: createLogger('fatal') });
    await new Promise((resolve) => redis.once('ready', resolve));
  });
  afterAll(async () => {
    redis?.disconnect();
    await workspace?.close();
  });
  beforeEach(async () => void (await redis.flushdb()));
  contract(() => ({
    requests: createRefreshRequests({ redis, partitionCount, limit }),
    queue: createRefreshQueue(redis),
    async askedBefore(agoMs, userId) {
      const id = `${Date.now() - agoMs}-${++made}`;
      await redis.xadd(redisKeys.refresh(1, 'asked', partition(userId)), id, 'ns', 'shop', 'user', userId);
    },
  }));

  it('leave nothing behind that stays', async () => {
    await createRefreshRequests({ redis, partitionCount }).ask(1, 'shop', u1);
    const keys = await redis.keys('*');
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(0);
  });

  it('keep everything of one request in one slot of a cluster', async () => {
    await createRefreshRequests({ redis, partitionCount }).ask(1, 'shop', u1);
    const tags = (await redis.keys('*')).map((key) => /\{(.*?)\}/.exec(key)?.[1]);
    expect(new Set(tags)).toEqual(new Set(['refresh|0']));
  });

  it('read an entry that is not theirs as one without names', async () => {
    await redis.xadd(redisKeys.refresh(1, 'asked', 0), '*', 'something', 'else');
    const [entry] = await createRefreshQueue(redis).oldest(1, 'asked', everywhere);
    expect(entry).toMatchObject({ namespace: '', userId: '' });
  });

  it('fail as transient while Redis is away', async () => {
    const away = openRedis({ url: 'redis://127.0.0.1:1/0', name: 'test', log: createLogger('fatal') });
    const ask = createRefreshRequests({ redis: away, partitionCount }).ask(1, 'shop', u1);
    await expect(ask).rejects.toThrow(TransientError);
    await expect(createRefreshQueue(away).oldest(1, 'asked', everywhere)).rejects.toThrow(TransientError);
    away.disconnect();
  });
});
