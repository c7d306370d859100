import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ItemAttributes } from '../../../pipeline/domain/item-attributes.ts';
import { packList } from '../../../pipeline/domain/packed-list.ts';
import { packRecent } from '../../../pipeline/domain/packed-recent.ts';
import type { Running } from '../../../pipeline/kernel/component.ts';
import { TransientError } from '../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { redisKeys } from '../../../pipeline/stores/redis/keys.ts';
import {
  createServingConnections,
  type ServingConnections,
} from '../../../pipeline/stores/redis/serving-connections.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

const log = createLogger('error');
const item: ItemAttributes = {
  itemId: 'shoe',
  available: true,
  archivedAt: null,
  price: '9.90',
  currency: 'EUR',
  tags: [],
  parentId: null,
  publishedAt: null,
};
const fields = ['ns', 'shop', 'n', '7', 'item', JSON.stringify(item)];

let workspace: Workspace;
let writer: Redis;
let serving: ServingConnections;
let running: Running;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'serving-readers', migrated: false });
  const url = workspace.config.FRESHET_REDIS_URL;
  writer = new Redis(url);
  serving = createServingConnections({ url, log });
  running = await serving.component.start(() => {});
});
afterAll(async () => {
  await running?.stop();
  writer?.disconnect();
  await workspace?.close();
});
beforeEach(() => writer.flushdb());

describe('a stream as a feed', () => {
  it('has no entries and the id 0-0 where there is no stream', async () => {
    expect(await serving.items.feed.lastId()).toBe('0-0');
    expect(await serving.items.feed.read('0-0', 10)).toEqual({ entries: [], firstId: undefined, lastId: '0-0' });
  });

  it('answers the entries after an id, with the edges of the stream', async () => {
    const first = await writer.xadd(redisKeys.itemFeed, '*', ...fields);
    const second = await writer.xadd(redisKeys.itemFeed, '*', ...fields);
    expect(await serving.items.feed.read(String(first), 10)).toEqual({
      entries: [{ id: second, value: { namespace: 'shop', number: 7, item } }],
      firstId: first,
      lastId: second,
    });
  });

  it('waits for an entry that is written later', async () => {
    const read = serving.items.feed.read('0-0', 5_000);
    await writer.xadd(redisKeys.itemFeed, '*', ...fields);
    expect((await read).entries).toHaveLength(1);
  });

  it('shows by its edges that entries were trimmed', async () => {
    const first = await writer.xadd(redisKeys.itemFeed, '*', ...fields);
    await writer.xadd(redisKeys.itemFeed, '*', ...fields);
    const last = await writer.xadd(redisKeys.itemFeed, 'MAXLEN', 1, '*', ...fields);
    const read = await serving.items.feed.read(String(first), 10);
    expect(read).toMatchObject({ firstId: last, lastId: last });
    await writer.xtrim(redisKeys.itemFeed, 'MAXLEN', 0);
    expect(await serving.items.feed.read(String(last), 10)).toEqual({ entries: [], firstId: undefined, lastId: last });
  });

  it.each([
    ['no number', ['ns', 'shop', 'item', '{}']],
    ['a number that no u32 holds', ['ns', 'shop', 'n', '4294967296', 'item', JSON.stringify(item)]],
    ['an item that is not JSON', ['ns', 'shop', 'n', '7', 'item', '{']],
    ['an item of another shape', ['ns', 'shop', 'n', '7', 'item', '{"itemId":7}']],
  ])('keeps the place of an entry with %s, without a value', async (_, entry) => {
    const id = await writer.xadd(redisKeys.itemFeed, '*', ...entry);
    expect((await serving.items.feed.read('0-0', 10)).entries).toEqual([{ id, value: undefined }]);
  });
});

describe('readers of what projections write', () => {
  it('finds the items of a chunk and counts those it cannot read', async () => {
    await writer.hset(redisKeys.itemIndex, 'shop', 1_030);
    await writer.hset(redisKeys.itemChunk('shop', 1_030), { 1030: JSON.stringify(item), 1031: 'what?' });
    expect(await serving.items.highest()).toEqual(new Map([['shop', 1_030]]));
    expect(await serving.items.chunk('shop', 1_024)).toEqual({
      items: [{ namespace: 'shop', number: 1_030, item }],
      unreadable: 1,
    });
    expect(await serving.items.chunk('shop', 0)).toEqual({ items: [], unreadable: 0 });
  });

  it('finds settings by namespace', async () => {
    await writer.sadd(redisKeys.configIndex, 'shop', 'odd');
    await writer.set(redisKeys.config('shop'), '{"revision":4,"body":{"surfaces":{}}}');
    await writer.set(redisKeys.config('odd'), '{');
    expect([...(await serving.configReader.namespaces())].sort()).toEqual(['odd', 'shop']);
    expect(await serving.configReader.settings('shop')).toEqual({ revision: 4, body: { surfaces: {} } });
    expect(await serving.configReader.settings('odd')).toBe('unreadable');
    expect(await serving.configReader.settings('none')).toBeUndefined();
  });

  it('finds the popular lists of a version, segments with spaces included', async () => {
    const bytes = packList({ computedAt: 1, reflects: undefined, candidates: [] });
    await writer.set(redisKeys.popular(2, 'shop', 'home page|de'), bytes);
    await writer.sadd(redisKeys.popularIndex(2), 'shop home page|de');
    const key = { namespace: 'shop', segment: 'home page|de' };
    expect(await serving.popular.keys(2)).toEqual([key]);
    expect(await serving.popular.keys(1)).toEqual([]);
    expect(await serving.popular.list(2, key)).toEqual(bytes);
    expect(serving.popular.feed(2)).toBe(serving.popular.feed(2));
    await writer.xadd(redisKeys.feed(2), '*', 'kind', 'popular', 'ns', 'shop', 'segment', 'home page|de');
    expect((await serving.popular.feed(2).read('0-0', 10)).entries).toMatchObject([{ value: key }]);
  });

  it('finds the values of a user and the neighbours of items, binary as they were written', async () => {
    const list = packList({
      computedAt: 1,
      reflects: undefined,
      candidates: [{ item: 255, score: 1, sources: 128, because: 0 }],
    });
    const recent = packRecent([{ item: 200, type: 1, occurredAt: 1.5 }]);
    await writer.set(redisKeys.list(2, 'shop', 'a/b|c'), list);
    await writer.set(redisKeys.recent('shop', 'a/b|c'), recent);
    await writer.set(redisKeys.similar(2, 'shop', 9), list);
    expect(await serving.lists.user(2, 'shop', 'a/b|c')).toEqual({ list, profile: null, recent });
    expect(await serving.lists.user(1, 'shop', 'a/b|c')).toEqual({ list: null, profile: null, recent });
    expect(await serving.lists.similar(2, 'shop', [8, 9])).toEqual([null, list]);
  });

  it('finds the active version, and none in what is no version', async () => {
    expect(await serving.lists.active()).toBeUndefined();
    await writer.set(redisKeys.active, 2);
    expect(await serving.lists.active()).toBe(2);
    expect(await serving.popular.active()).toBe(2);
    await writer.set(redisKeys.active, 'soon');
    expect(await serving.lists.active()).toBeUndefined();
  });
});

it('says transient, and soon, while Redis is away', async () => {
  const away = createServingConnections({ url: 'redis://127.0.0.1:1/0', log });
  const awayRunning = await away.component.start(() => {});
  try {
    await expect(away.lists.user(1, 'shop', 'u')).rejects.toBeInstanceOf(TransientError);
    await expect(away.items.feed.lastId()).rejects.toBeInstanceOf(TransientError);
    await expect(away.configReader.feed.read('0-0', 10)).rejects.toBeInstanceOf(TransientError);
  } finally {
    await awayRunning.stop();
  }
});
