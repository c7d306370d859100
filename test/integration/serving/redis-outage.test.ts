import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packList, sourceBit } from '../../../pipeline/domain/packed-list.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { type Running, startAll } from '../../../pipeline/kernel/component.ts';
import { createMetrics } from '../../../pipeline/kernel/metrics.ts';
import { redisKeys } from '../../../pipeline/stores/redis/keys.ts';
import { createServingConnections } from '../../../pipeline/stores/redis/serving-connections.ts';
import { composeApp } from '../../../serving/compose-app.ts';
import { createServing } from '../../../serving/create-serving.ts';
import { type CuttableLink, createCuttableLink } from '../../support/cuttable-link.ts';
import { eventually } from '../../support/eventually.ts';
import { quietLog } from '../../support/serving-harness.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let redis: Redis;
let link: CuttableLink;
let running: Running;
let app: ReturnType<typeof composeApp>;

const putItem = (n: number) => {
  const item = JSON.stringify({
    ...{ itemId: `i${n}`, available: true, archivedAt: null, price: null, currency: null, tags: [] },
  });
  return redis
    .pipeline()
    .hset(redisKeys.itemChunk('shop', n), String(n), item)
    .hset(redisKeys.itemIndex, 'shop', 1_000)
    .xadd(redisKeys.itemFeed, '*', 'ns', 'shop', 'n', String(n), 'item', item)
    .exec();
};
const packed = (...items: readonly number[]) =>
  packList({
    computedAt: 0,
    reflects: undefined,
    candidates: items.map((item) => ({ item, score: 1, sources: sourceBit('session-knn'), because: 0 })),
  });
const ask = async (userId = 'anna') => {
  const response = await app.request(`/v1/recommendations/${userId}?namespace=shop`);
  const body = (await response.json()) as { fallback_level?: string; items?: { item_id: string }[]; code?: string };
  return { status: response.status, level: body.fallback_level, ids: body.items?.map((item) => item.item_id) };
};

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'serving-outage', migrated: false });
  const url = new URL(workspace.config.FRESHET_REDIS_URL);
  redis = new Redis(url.href);
  for (const n of [1, 2]) await putItem(n);
  await redis.set(redisKeys.list(1, 'shop', 'anna'), packed(1, 2));
  link = await createCuttableLink({ host: url.hostname, port: Number(url.port) });
  url.hostname = '127.0.0.1';
  url.port = String(link.port);
  const { component, ...readers } = createServingConnections({ url: url.href, log: quietLog });
  const metrics = createMetrics();
  const environment = { clock: systemClock, random: () => 0.5, log: quietLog, metrics };
  const serving = createServing({
    ...environment,
    ...readers,
    retainedRequests: 10,
    cursorKey: Buffer.alloc(32),
    recoWindow: { windowSeconds: 60, maxSamples: 100 },
    stateVersion: 1,
  });
  app = composeApp({ apps: [serving.app], metrics, log: quietLog, makeId: () => crypto.randomUUID() });
  running = await startAll([component, ...serving.components], quietLog, () => {});
});
afterAll(async () => {
  await running?.stop();
  await link?.close();
  redis?.disconnect();
  await workspace?.close();
});
beforeEach(async () => {
  link.mend();
  await eventually(async () => expect(await ask()).toEqual({ status: 200, level: 'personal', ids: ['i1', 'i2'] }));
});

const refresh = (userId: string) =>
  app.request(`/v1/recommendations/${userId}/refresh?namespace=shop`, { method: 'POST' });

describe.each(['cut', 'freeze', 'lose'] as const)('when the link to Redis meets: %s', (fault) => {
  it('a refresh is answered 503 with Retry-After, and taken again afterwards', async () => {
    link[fault]();
    const response = await refresh(`refresh-${fault}`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    link.mend();
    await eventually(async () => expect((await refresh(`refreshed-${fault}`)).status).toBe(202), { withinMs: 20_000 });
  });

  it('known users get their last answer, strangers a 503, and all is well again afterwards', async () => {
    link[fault]();
    expect(await ask()).toEqual({ status: 200, level: 'last_known_good', ids: ['i1', 'i2'] });
    expect((await ask('stranger')).status).toBe(503);
    link.mend();
    await eventually(async () => expect((await ask()).level).toBe('personal'), { withinMs: 20_000 });
  });

  it('what was written meanwhile is taken over afterwards', async () => {
    link[fault]();
    const n = { cut: 10, freeze: 11, lose: 12 }[fault];
    await putItem(n);
    await redis.set(redisKeys.list(1, 'shop', `reader-${n}`), packed(n));
    expect((await ask(`reader-${n}`)).status).toBe(503);
    link.mend();
    await eventually(async () => expect((await ask(`reader-${n}`)).ids).toEqual([`i${n}`]), { withinMs: 20_000 });
  });
});
