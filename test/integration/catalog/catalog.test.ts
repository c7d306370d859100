import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { configKey, userKey } from '../../../pipeline/domain/keys.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { createCatalogConfig } from '../../../pipeline/stages/catalog/catalog-config.ts';
import { createCatalogItems } from '../../../pipeline/stages/catalog/catalog-items.ts';
import { createCatalogUsers } from '../../../pipeline/stages/catalog/catalog-users.ts';
import { projectConfig } from '../../../pipeline/stages/catalog/project-config.ts';
import { createCatalogReprojection } from '../../../pipeline/stages/catalog/reprojection.ts';
import type { CatalogProjection, CatalogWriter } from '../../../pipeline/stores/catalog.ts';
import { createCatalogReader } from '../../../pipeline/stores/postgres/catalog-reader.ts';
import { createCatalogWriter } from '../../../pipeline/stores/postgres/catalog-writer.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { createRedisCatalogProjection } from '../../../pipeline/stores/redis/catalog-projection.ts';
import { redisKeys } from '../../../pipeline/stores/redis/keys.ts';
import type { ConfigChanged } from '../../../schemas/generated/config-changed.v1.ts';
import type { UserChanged } from '../../../schemas/generated/user-changed.v1.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { delivered, itemDelivery, itemTombstone } from '../../unit/pipeline/stages/catalog/changes.ts';

let workspace: Workspace;
let db: Database;
let redis: Redis;
let catalog: CatalogWriter;
let projection: CatalogProjection;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'catalog' });
  db = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
  redis = new Redis(workspace.config.FRESHET_REDIS_URL);
  catalog = createCatalogWriter(db);
  projection = createRedisCatalogProjection(redis);
});
afterAll(async () => {
  redis.disconnect();
  await db.close();
  await workspace.close();
});
beforeEach(async () => {
  await db.query({ text: 'TRUNCATE item, item_number, "user", namespace_config' });
  await redis.flushdb();
});

const items = () => createCatalogItems({ catalog, projection });
const stored = async (namespace: string, n: number) => {
  const json = await redis.hget(redisKeys.itemChunk(namespace, n), String(n));
  return json === null ? null : JSON.parse(json);
};
const numbers = async () => {
  const rows = await db.query<{ id: string; number: bigint }>({
    text: "SELECT namespace || '|' || item_id AS id, number FROM item ORDER BY namespace, number",
  });
  return rows.map(({ id, number }) => [id, Number(number)]);
};

describe('the item projection', () => {
  it('numbers new items per namespace and tells Redis and the feed', async () => {
    await items().handle([
      itemDelivery({ itemId: 'b' }),
      itemDelivery({ itemId: 'a|1' }),
      itemDelivery({ itemId: 'a', namespace: 'other' }),
    ]);
    await items().handle([itemDelivery({ itemId: 'c' }), itemDelivery({ itemId: 'b', revision: 2, hidden: true })]);
    const given = new Map((await numbers()) as [string, number][]);
    expect([...given.keys()].sort()).toEqual(['default|a|1', 'default|b', 'default|c', 'other|a']);
    expect([given.get('default|b'), given.get('default|a|1')].sort()).toEqual([1, 2]);
    expect([given.get('default|c'), given.get('other|a')]).toEqual([3, 1]);
    expect(await stored('default', given.get('default|b') as number)).toEqual({
      itemId: 'b',
      available: false,
      archivedAt: null,
      price: '9.90',
      currency: 'EUR',
      tags: ['brand:x', 'genre:"a, b"'],
      parentId: null,
      publishedAt: null,
    });
    expect(await redis.hgetall(redisKeys.itemIndex)).toEqual({});
    const feed = await redis.xrange(redisKeys.itemFeed, '-', '+');
    expect(feed).toHaveLength(5);
    expect(feed.at(-1)?.[1].slice(0, 4)).toEqual(['ns', 'default', 'n', expect.any(String)]);
  });

  it('never lets an older revision win, and repeats without effect', async () => {
    await items().handle([itemDelivery({ itemId: 'a', revision: 5, price: '5' })]);
    await items().handle([itemDelivery({ itemId: 'a', revision: 4, price: '4' })]);
    await items().handle([itemDelivery({ itemId: 'a', revision: 5, price: '5' })]);
    expect(await numbers()).toEqual([['default|a', 1]]);
    expect((await stored('default', 1)).price).toBe('5');
  });

  it('keeps the row and number of a deleted item, and brings it back under the same number', async () => {
    await items().handle([itemDelivery({ itemId: 'a' }), itemDelivery({ itemId: 'b' })]);
    const given = await numbers();
    const n = new Map(given as [string, number][]).get('default|a') as number;
    await items().handle([itemTombstone('a'), itemTombstone('never there')]);
    expect((await stored('default', n)).available).toBe(false);
    expect((await createCatalogReader(db).findItems([{ namespace: 'default', itemId: 'a' }])).size).toBe(0);
    await items().handle([itemDelivery({ itemId: 'a', revision: 3 })]);
    expect((await stored('default', n)).available).toBe(true);
    expect(await numbers()).toEqual(given);
  });

  it('makes a row for an item that comes and goes in one batch', async () => {
    await items().handle([itemDelivery({ itemId: 'a' }), itemTombstone('a')]);
    expect(await stored('default', 1)).toMatchObject({ itemId: 'a', available: false });
  });

  it('gives each number once to writers at the same time', async () => {
    const batch = (k: number) => Array.from({ length: 200 }, (_, i) => itemDelivery({ itemId: `i${k}-${i}` }));
    await Promise.all([0, 1, 2, 3, 4, 5].map((k) => items().handle(batch(k))));
    const given = (await numbers()).map(([, n]) => n);
    expect(given).toEqual(Array.from({ length: 1_200 }, (_, i) => i + 1));
    expect(await redis.hlen(redisKeys.itemChunk('default', 1_200))).toBe(1_200 - 1_024 + 1);
  });

  it('leaves the newest state in Redis although a writer that was held up tells of an older one after it', async () => {
    let meanwhile = () => items().handle([itemDelivery({ itemId: 'a', revision: 2, available: false })]);
    const slow = {
      async putItems(...args: Parameters<CatalogProjection['putItems']>) {
        await meanwhile();
        meanwhile = async () => [];
        await projection.putItems(...args);
      },
    };
    await createCatalogItems({ catalog, projection: slow }).handle([itemDelivery({ itemId: 'a', revision: 1 })]);
    expect(await stored('default', 1)).toMatchObject({ available: false });
  });

  it('raises the highest number of a namespace that is whole', async () => {
    await items().handle([itemDelivery({ itemId: 'a' }), itemDelivery({ itemId: 'b' })]);
    await projection.endItems('default', 2, await projection.beginItems('default'));
    await Promise.all(['c', 'd', 'e'].map((itemId) => items().handle([itemDelivery({ itemId })])));
    await items().handle([itemDelivery({ itemId: 'a', revision: 2 })]);
    expect(await redis.hgetall(redisKeys.itemIndex)).toEqual({ default: '5' });
  });

  it('passes on when an item is archived', async () => {
    await items().handle([itemDelivery({ itemId: 'a', archivedAt: 1_700_000_000_123 })]);
    expect(await stored('default', 1)).toMatchObject({ available: true, archivedAt: 1_700_000_000_123 });
  });
});

describe('the look-ups of enrichment', () => {
  it('find items and users of their namespace only', async () => {
    await items().handle([itemDelivery({ itemId: 'a' })]);
    const traits = { locale: 'de-DE', country: 'DE' };
    const user = {
      namespace: 'default',
      userId: 'u1',
      revision: 1,
      traits,
      consent: null,
      lastSeenAt: 5,
      receivedAt: 1,
    };
    await createCatalogUsers({ catalog }).handle([delivered(userKey('default', 'u1'), user)]);
    const reader = createCatalogReader(db);
    const refs = ['default', 'other'].map((namespace) => ({ namespace, itemId: 'a', userId: 'u1' }));
    expect([...(await reader.findItems(refs))]).toEqual([['default|a', { tags: ['brand:x', 'genre:"a, b"'] }]]);
    expect([...(await reader.findUsers(refs))]).toEqual([['default|u1', { traits }]]);
  });

  it('do not find deleted users, and an older record does not bring them back', async () => {
    const stage = createCatalogUsers({ catalog });
    const user = (revision: number) => {
      const value = {
        namespace: 'default',
        userId: 'u',
        revision,
        traits: {},
        consent: null,
        lastSeenAt: null,
        receivedAt: 1,
      };
      return delivered(userKey('default', 'u'), value);
    };
    const found = async () => (await createCatalogReader(db).findUsers([{ namespace: 'default', userId: 'u' }])).size;
    await stage.handle([user(2)]);
    await stage.handle([delivered<UserChanged>(userKey('default', 'u'), null)]);
    await stage.handle([user(1)]);
    expect(await found()).toBe(0);
    await stage.handle([user(3)]);
    expect(await found()).toBe(1);
  });
});

const settings = (revision: number, body: string) =>
  delivered(configKey('default', 'settings', 'default'), {
    namespace: 'default',
    kind: 'settings',
    id: 'default',
    revision,
    body,
    receivedAt: 1,
  });

describe('the configuration projection', () => {
  it('keeps the newest settings in Postgres and Redis, and forgets deleted ones', async () => {
    const stage = createCatalogConfig({ catalog, projection });
    await stage.handle([settings(2, '{"weights":{"view":0.5}}')]);
    await stage.handle([settings(1, '{}')]);
    expect(JSON.parse((await redis.get(redisKeys.config('default'))) ?? '')).toEqual({
      revision: 2,
      body: { weights: { view: 0.5 } },
    });
    expect(await redis.smembers(redisKeys.configIndex)).toEqual(['default']);
    const [, entry] = (await redis.xrange(redisKeys.configFeed, '-', '+')).at(-1) ?? [];
    expect(entry).toEqual(['ns', 'default', 'kind', 'config']);
    await stage.handle([delivered<ConfigChanged>(configKey('default', 'settings', 'default'), null)]);
    expect(await redis.get(redisKeys.config('default'))).toBeNull();
    expect(await redis.smembers(redisKeys.configIndex)).toEqual(['default']);
  });

  it('keeps every rule of a namespace beside its settings, and forgets deleted ones', async () => {
    const stage = createCatalogConfig({ catalog, projection });
    const rule = (id: string, revision: number, position: number) =>
      delivered(configKey('default', 'rule', id), {
        ...{ namespace: 'default', kind: 'rule', id, revision, receivedAt: 1 },
        body: JSON.stringify({ action: 'pin', item: 'a', position }),
      });
    const known = async () => JSON.parse((await redis.get(redisKeys.rules('default'))) ?? '[]');
    await stage.handle([rule('b|2', 1, 2), rule('a', 3, 1), settings(5, '{}')]);
    await stage.handle([rule('a', 2, 9)]);
    expect(await known()).toEqual([
      { id: 'a', revision: 3, body: { action: 'pin', item: 'a', position: 1 } },
      { id: 'b|2', revision: 1, body: { action: 'pin', item: 'a', position: 2 } },
    ]);
    await stage.handle([delivered<ConfigChanged>(configKey('default', 'settings', 'default'), null)]);
    await stage.handle([delivered<ConfigChanged>(configKey('default', 'rule', 'b|2'), null)]);
    expect((await known()).map(({ id }: { id: string }) => id)).toEqual(['a']);
    expect(await redis.smembers(redisKeys.configIndex)).toEqual(['default']);
    await stage.handle([delivered<ConfigChanged>(configKey('default', 'rule', 'a'), null)]);
    expect(await redis.get(redisKeys.rules('default'))).toBeNull();
    expect(await redis.smembers(redisKeys.configIndex)).toEqual(['default']);
  });

  it('leaves the newest settings although older ones were read before and written after', async () => {
    const stage = createCatalogConfig({ catalog, projection });
    await stage.handle([settings(1, '{"weights":{"view":0.1}}')]);
    let meanwhile = () => stage.handle([settings(2, '{"weights":{"view":0.2}}')]);
    const slow = {
      async putConfig(...args: Parameters<CatalogProjection['putConfig']>) {
        await meanwhile();
        meanwhile = async () => [];
        await projection.putConfig(...args);
      },
    };
    await projectConfig({ catalog, projection: slow }, ['default']);
    expect(JSON.parse((await redis.get(redisKeys.config('default'))) ?? '')).toMatchObject({ revision: 2 });
  });

  it('sets aside a body that is no JSON object', async () => {
    const stage = createCatalogConfig({ catalog, projection });
    const outcomes = await stage.handle([settings(1, '{"broken'), settings(1, '[]'), settings(1, '{}')]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['dead-letter', 'dead-letter', 'done']);
  });
});

describe('reprojection', () => {
  it('fills an empty Redis at start, and again after it has lost everything', async () => {
    await items().handle(Array.from({ length: 2_500 }, (_, i) => itemDelivery({ itemId: `i${i}` })));
    await createCatalogConfig({ catalog, projection }).handle([settings(1, '{}')]);
    await redis.flushdb();
    let wake: () => void = () => undefined;
    const clock = {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) => sleepUntil(ms, signal, (fn) => (wake = fn)),
    };
    const log = createLogger('error');
    const running = await createCatalogReprojection({ catalog, projection, clock, random: () => 0, log }).start(
      (error) => {
        throw error;
      },
    );
    try {
      await eventually(() => expect(running.unready?.()).toBeUndefined());
      expect(await redis.hlen(redisKeys.itemChunk('default', 2_048))).toBe(2_500 - 2_048 + 1);
      await redis.flushdb();
      wake();
      await eventually(async () => expect(await redis.hget(redisKeys.itemIndex, 'default')).toBe('2500'));
      await eventually(async () => expect(await redis.smembers(redisKeys.configIndex)).toEqual(['default']));
      expect(await redis.hlen(redisKeys.itemChunk('default', 0))).toBe(1_023);
    } finally {
      await running.stop();
    }
  });
});

describe('a namespace in Redis', () => {
  const log = createLogger('error');
  const start = async (which: CatalogProjection = projection) => {
    let wake: () => void = () => undefined;
    const clock = {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) => sleepUntil(ms, signal, (fn) => (wake = fn)),
    };
    const component = createCatalogReprojection({ catalog, projection: which, clock, random: () => 0, log });
    const running = await component.start((error) => {
      throw error;
    });
    return { running, look: () => wake() };
  };
  const wholeAgain = () => eventually(async () => expect(await redis.hlen(redisKeys.itemChunk('default', 0))).toBe(20));

  it('comes back whole although its newest item was put again before the loss was seen', async () => {
    await items().handle(Array.from({ length: 20 }, (_, i) => itemDelivery({ itemId: `i${i}` })));
    const { running, look } = await start();
    try {
      await eventually(() => expect(running.unready?.()).toBeUndefined());
      const newest = new Map((await numbers()).map(([id, n]) => [n, id])).get(20) as string;
      await redis.flushdb();
      await items().handle([itemDelivery({ itemId: newest.slice('default|'.length), revision: 2 })]);
      expect(await redis.hlen(redisKeys.itemChunk('default', 0))).toBe(1);
      look();
      await wholeAgain();
    } finally {
      await running.stop();
    }
  });

  it('comes back whole although it was lost again while it was put', async () => {
    await items().handle(Array.from({ length: 20 }, (_, i) => itemDelivery({ itemId: `i${i}` })));
    let flushes = 1;
    const flushing: CatalogProjection = {
      ...projection,
      async putItems(projected) {
        await projection.putItems(projected.slice(0, 10));
        if (flushes-- > 0) await redis.flushdb();
        await projection.putItems(projected.slice(10));
      },
    };
    await redis.flushdb();
    const { running, look } = await start(flushing);
    try {
      await eventually(() => expect(running.unready?.()).toBeUndefined());
      look();
      await wholeAgain();
      await eventually(async () => expect(await redis.hget(redisKeys.itemIndex, 'default')).toBe('20'));
    } finally {
      await running.stop();
    }
  });
});

/** A sleep that the test ends, or the signal. */
function sleepUntil(_: number, signal: AbortSignal | undefined, expose: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    expose(resolve);
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}
