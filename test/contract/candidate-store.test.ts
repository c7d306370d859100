import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packList } from '../../pipeline/domain/packed-list.ts';
import { TransientError } from '../../pipeline/kernel/errors.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import type { CandidateWriter, ProjectionState } from '../../pipeline/stores/candidate.ts';
import { createMemoryCandidateStore, keys as memoryKeys } from '../../pipeline/stores/memory/candidate-store.ts';
import { createCandidateWriter } from '../../pipeline/stores/redis/candidate-writer.ts';
import { redisKeys } from '../../pipeline/stores/redis/keys.ts';
import { openRedis } from '../../pipeline/stores/redis/open-redis.ts';
import { createWorkspace, type Workspace } from '../support/workspace.ts';

/** What a reader finds of it. */
interface Store {
  /** What the values are called there. */
  readonly keys: Pick<typeof redisKeys, keyof typeof memoryKeys>;
  readonly store: CandidateWriter & ProjectionState;
  value(key: string): Promise<Buffer | null>;
  popularNames(): Promise<string[]>;
  /** `ns segment` of each entry, oldest first. */
  told(): Promise<string[]>;
  active(): Promise<number | undefined>;
  flush(): Promise<unknown>;
}

const bytes = (text: string) => Buffer.from([0, 255, ...Buffer.from(text)]);
const listOf = (eventId: string, receivedAt = 1_800_000_000_000) =>
  packList({ computedAt: 0, reflects: { eventId, receivedAt, occurredAt: 0 }, candidates: [] });

function contract(open: () => Store) {
  it('keeps the newest values of a user and deletes both', async () => {
    const { store, value, keys } = open();
    const user = { namespace: 'shop', userId: 'u|1' };
    await store.saveUsers(1, [{ ...user, list: listOf('old'), profile: bytes('old') }]);
    await store.saveUsers(1, [
      { ...user, list: listOf('new'), profile: bytes('profile') },
      { namespace: 'shop', userId: 'u2', list: listOf('other'), profile: null },
    ]);
    expect(await value(keys.list(1, 'shop', 'u|1'))).toEqual(listOf('new'));
    expect(await value(keys.profile(1, 'shop', 'u|1'))).toEqual(bytes('profile'));
    expect(await value(keys.profile(1, 'shop', 'u2'))).toBeNull();
    await store.saveUsers(1, [{ ...user, list: null, profile: null }]);
    expect(await value(keys.list(1, 'shop', 'u|1'))).toBeNull();
    expect(await value(keys.profile(1, 'shop', 'u|1'))).toBeNull();
    expect(await value(keys.list(1, 'shop', 'u2'))).toEqual(listOf('other'));
  });

  it('takes calls that are not awaited in the order they were made', async () => {
    const { store, value, keys } = open();
    const save = (text: string) =>
      store.saveUsers(1, [{ namespace: 'shop', userId: 'u1', list: listOf(text), profile: null }]);
    await Promise.all(['1', '2', '3', '4'].map(save));
    expect(await value(keys.list(1, 'shop', 'u1'))).toEqual(listOf('4'));
  });

  it('does not let a list that reflects less replace a newer one, until that is deleted', async () => {
    const { store, value, keys } = open();
    const user = { namespace: 'shop', userId: 'u1' };
    const late = [{ ...user, list: listOf('late', 5), profile: bytes('late') }];
    await store.saveUsers(1, [{ ...user, list: listOf('newest', 6), profile: bytes('newest') }]);
    await store.saveUsers(1, late);
    expect(await value(keys.list(1, 'shop', 'u1'))).toEqual(listOf('newest', 6));
    expect(await value(keys.profile(1, 'shop', 'u1'))).toEqual(bytes('newest'));
    await store.saveUsers(1, [{ ...user, list: null, profile: null }]);
    await store.saveUsers(1, late);
    expect(await value(keys.list(1, 'shop', 'u1'))).toEqual(listOf('late', 5));
  });

  it('keeps versions apart', async () => {
    const { store, value, keys } = open();
    await store.saveSimilar(1, [{ namespace: 'shop', item: 7, list: bytes('one') }]);
    await store.saveSimilar(2, [{ namespace: 'shop', item: 7, list: bytes('two') }]);
    await store.saveSimilar(1, [{ namespace: 'shop', item: 7, list: null }]);
    expect(await value(keys.similar(1, 'shop', 7))).toBeNull();
    expect(await value(keys.similar(2, 'shop', 7))).toEqual(bytes('two'));
  });

  it('names popular lists and tells of each', async () => {
    const { store, value, keys, popularNames, told } = open();
    await store.savePopular(1, [
      { namespace: 'shop', segment: '|', list: bytes('all') },
      { namespace: 'shop', segment: 'home page|de', list: bytes('home') },
    ]);
    await store.savePopular(1, [{ namespace: 'shop', segment: 'home page|de', list: null }]);
    expect(await popularNames()).toEqual(['shop |']);
    expect(await told()).toEqual(['shop |', 'shop home page|de', 'shop home page|de']);
    expect(await value(keys.popular(1, 'shop', '|'))).toEqual(bytes('all'));
    expect(await value(keys.popular(1, 'shop', 'home page|de'))).toBeNull();
  });

  it('remembers which partitions are projected', async () => {
    const { store } = open();
    expect(await store.projected(1)).toEqual(new Set());
    const attempt = await store.beginProjection(1, [0, 3, 4]);
    expect(await store.projected(1)).toEqual(new Set());
    await store.markProjected(1, 3, attempt);
    await store.markProjected(1, 0, attempt);
    await store.markProjected(2, 5, await store.beginProjection(2, [5]));
    expect(await store.projected(1)).toEqual(new Set([0, 3]));
  });

  it('does not take partitions for projected that were lost, or begun anew, while they were written', async () => {
    const { store, flush } = open();
    const flushed = await store.beginProjection(1, [0]);
    await flush();
    await store.markProjected(1, 0, flushed);
    const overtaken = await store.beginProjection(1, [1]);
    await store.beginProjection(1, [1]);
    await store.markProjected(1, 1, overtaken);
    expect(await store.projected(1)).toEqual(new Set());
  });

  it('says which version is active, and leaves alone what somebody else has said meanwhile', async () => {
    const { store, active } = open();
    expect(await store.active()).toBeUndefined();
    await store.assertActive(3, undefined);
    expect(await active()).toBe(3);
    await store.assertActive(4, 2);
    await store.assertActive(4, undefined);
    expect(await store.active()).toBe(3);
    await store.assertActive(4, 3);
    expect(await active()).toBe(4);
  });

  it('does nothing for nothing', async () => {
    const { store } = open();
    await store.saveUsers(1, []);
    await store.saveSimilar(1, []);
    await store.savePopular(1, []);
    expect(await store.projected(1)).toEqual(new Set());
  });
}

describe('candidate store in memory', () => {
  contract(() => {
    const store = createMemoryCandidateStore();
    return {
      keys: memoryKeys,
      store,
      value: async (key) => store.values.get(key) ?? null,
      popularNames: async () => [...store.popularNames],
      told: async () => store.told.map(({ namespace, segment }) => `${namespace} ${segment}`),
      active: async () => store.activeVersion,
      flush: async () => store.flush(),
    };
  });
});

describe('candidate store in Redis', () => {
  const log = createLogger('fatal');
  let workspace: Workspace;
  let redis: Redis;

  beforeAll(async () => {
    workspace = await createWorkspace({ name: 'candidate-store', migrated: false });
    redis = new Redis(workspace.config.FRESHET_REDIS_URL);
  });
  afterAll(async () => {
    redis?.disconnect();
    await workspace?.close();
  });
  beforeEach(() => redis.flushdb());

  contract(() => ({
    keys: redisKeys,
    store: createCandidateWriter(redis),
    value: (key) => redis.getBuffer(key),
    popularNames: () => redis.smembers(redisKeys.popularIndex(1)),
    async told() {
      const entries = await redis.xrange(redisKeys.feed(1), '-', '+');
      return entries.map(([, fields]) => `${fields[3]} ${fields[5]}`);
    },
    async active() {
      const text = await redis.get(redisKeys.active);
      return text === null ? undefined : Number(text);
    },
    flush: () => redis.flushdb(),
  }));

  it('is a transient fault while Redis is away', async () => {
    const away = openRedis({ url: 'redis://127.0.0.1:1', name: 'away', log });
    const store = createCandidateWriter(away);
    await expect(store.projected(1)).rejects.toBeInstanceOf(TransientError);
    away.disconnect();
  });

  it('is a transient fault where Redis refuses a command', async () => {
    await redis.set(redisKeys.marker(1), 'not a hash');
    await expect(createCandidateWriter(redis).beginProjection(1, [0])).rejects.toBeInstanceOf(TransientError);
  });
});
