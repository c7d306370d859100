import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packList, sourceBit } from '../../../pipeline/domain/packed-list.ts';
import { packProfile } from '../../../pipeline/domain/packed-profile.ts';
import { packRecent } from '../../../pipeline/domain/packed-recent.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { type Running, startAll } from '../../../pipeline/kernel/component.ts';
import { createMetrics } from '../../../pipeline/kernel/metrics.ts';
import { redisKeys } from '../../../pipeline/stores/redis/keys.ts';
import { createFront, servingRole } from '../../../serving/main.ts';
import type { Answer } from '../../../serving/recommend/answer.ts';
import { eventually } from '../../support/eventually.ts';
import { quietLog } from '../../support/serving-harness.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

const ns = 'shop';
const now = Date.now();
let workspace: Workspace;
let redis: Redis;
let running: Running;
let url: string;

const item = (n: number, available = true) =>
  JSON.stringify({ itemId: `i${n}`, available, archivedAt: null, price: null, currency: null, tags: [] });

/** As the catalogue projection writes. */
async function putItem(n: number, available = true): Promise<void> {
  await redis.hset(redisKeys.itemIndex, ns, Math.max(n, Number(await redis.hget(redisKeys.itemIndex, ns)) || 0));
  await redis.hset(redisKeys.itemChunk(ns, n), String(n), item(n, available));
  await redis.xadd(redisKeys.itemFeed, '*', 'ns', ns, 'n', String(n), 'item', item(n, available));
}

const packed = (items: readonly number[], source: 'session-knn' | 'similar' | 'popular', eventId?: string) =>
  packList({
    computedAt: now,
    reflects: eventId === undefined ? undefined : { eventId, receivedAt: now, occurredAt: now },
    candidates: items.map((one, index) => ({
      item: one,
      score: 1 / (index + 1),
      sources: sourceBit(source),
      because: 0,
    })),
  });

/** As candidates write. */
async function putPopular(version: number, segment: string, items: readonly number[]): Promise<void> {
  await redis.set(redisKeys.popular(version, ns, segment), packed(items, 'popular'));
  await redis.sadd(redisKeys.popularIndex(version), `${ns} ${segment}`);
  await redis.xadd(redisKeys.feed(version), '*', 'kind', 'popular', 'ns', ns, 'segment', segment);
}

async function putSettings(revision: number, body: unknown): Promise<void> {
  await redis.set(redisKeys.config(ns), JSON.stringify({ revision, body }));
  await redis.sadd(redisKeys.configIndex, ns);
  await redis.xadd(redisKeys.configFeed, '*', 'ns', ns, 'kind', 'settings');
}

async function listOf(userId: string, query = ''): Promise<{ ids: string[]; answer: Answer }> {
  const response = await fetch(`${url}/v1/recommendations/${userId}?namespace=${ns}&limit=4${query}`);
  const answer = (await response.json()) as Answer;
  expect(response.status, JSON.stringify(answer)).toBe(200);
  return { ids: answer.items.map((one) => one.item_id), answer };
}

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'serving', migrated: false });
  redis = new Redis(workspace.config.FRESHET_REDIS_URL);
  for (const n of [1, 2, 3, 4, 5, 1_500]) await putItem(n);
  await putPopular(1, '|', [3, 4, 5]);
  await redis.set(redisKeys.active, 1);
  const { config } = workspace;
  const context = {
    ...{ config, log: quietLog, metrics: createMetrics(), clock: systemClock },
    ...{ random: () => 0.5, makeId: () => crypto.randomUUID() },
  };
  const serving = servingRole(context, { stateVersion: 1, impressions: undefined });
  const { server, readiness } = createFront(context, { kind: 'http', apps: [serving.app], health: serving.health });
  running = await startAll([...serving.components, server], quietLog, (component, error) => {
    throw new Error(`${component} failed`, { cause: error });
  });
  readiness.add(() => running.unready?.());
  url = server.url() ?? '';
  await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200));
});
afterAll(async () => {
  await running?.stop();
  redis?.disconnect();
  await workspace?.close();
});

describe('serving over real Redis', () => {
  it('answers a stranger from what is popular', async () => {
    const { ids, answer } = await listOf('nobody');
    expect(ids).toEqual(['i3', 'i4', 'i5']);
    expect(answer.fallback_level).toBe('global_popular');
  });

  it('answers a personal list, items of several chunks, filled up from below', async () => {
    await redis.set(redisKeys.list(1, ns, 'anna'), packed([1_500, 1], 'session-knn', 'e1'));
    const { ids, answer } = await listOf('anna');
    expect(ids).toEqual(['i1500', 'i1', 'i3', 'i4']);
    expect(answer).toMatchObject({ fallback_level: 'personal', reflects: { event_id: 'e1', received_at: now } });
  });

  it('goes on from recent events, without the items themselves', async () => {
    await redis.set(redisKeys.recent(ns, 'ben'), packRecent([{ item: 2, type: 1, occurredAt: now }]));
    await redis.set(
      redisKeys.profile(1, ns, 'ben'),
      packProfile({
        ...{ segment: '|', locale: '', bought: [], dismissed: [], inCart: [], affinity: [] },
        session: [{ item: 3, type: 1, occurredAt: now - 1 }],
      }),
    );
    await redis.set(redisKeys.similar(1, ns, 2), packed([1, 3], 'similar'));
    const { ids, answer } = await listOf('ben');
    expect(ids).toEqual(['i1', 'i4', 'i5']);
    expect(answer.fallback_level).toBe('session');
    expect(answer.items[0]).toMatchObject({ reasons: [{ code: 'similar', because: 'i2' }] });
  });

  it('stops showing an item soon after the catalogue says so', async () => {
    await putItem(4, false);
    await eventually(async () => expect((await listOf('nobody')).ids).toEqual(['i3', 'i5']));
  });

  it('shows an item soon after the catalogue knows it', async () => {
    await putPopular(1, '|', [6, 3]);
    await eventually(async () => expect((await listOf('nobody')).ids).toEqual(['i3']));
    await putItem(6);
    await eventually(async () => expect((await listOf('nobody')).ids).toEqual(['i6', 'i3']));
  });

  it('takes settings of a surface over while running, and keeps them when newer ones make no sense', async () => {
    await redis.set(redisKeys.recent(ns, 'cleo'), packRecent([{ item: 3, type: 1, occurredAt: now }]));
    expect((await listOf('cleo', '&surface=feed')).ids).toEqual(['i6']);
    await putSettings(3, { surfaces: { feed: { exclude_current: false, exclude_seen: false } } });
    await eventually(async () => expect((await listOf('cleo', '&surface=feed')).ids).toEqual(['i6', 'i3']));
    expect((await listOf('cleo', '&surface=feed')).answer.config_version).toBe(3);
    await putSettings(4, { surfaces: 'none' });
    await eventually(async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      expect(text).toContain('freshet_serving_undecodable_values_total{kind="settings"} 1');
    });
    expect((await listOf('cleo', '&surface=feed')).answer.config_version).toBe(3);
  });

  it('changes to another state version with its lists and its popularity', async () => {
    await putPopular(2, '|', [5, 1]);
    await redis.set(redisKeys.list(2, ns, 'anna'), packed([2], 'session-knn', 'e2'));
    await redis.set(redisKeys.active, 2);
    await eventually(async () => expect((await listOf('anna')).ids).toEqual(['i2', 'i5', 'i1']));
    expect((await listOf('anna')).answer).toMatchObject({ state_version: 2, reflects: { event_id: 'e2' } });
  });

  it('goes on answering from memory after a flush, and takes over what is written again', async () => {
    await redis.flushdb();
    expect((await listOf('nobody')).ids).toEqual(['i5', 'i1']);
    await eventually(async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      for (const feed of ['catalog', 'config', 'popularity']) {
        expect(text).toContain(`freshet_serving_feed_loads_total{feed="${feed}",reason="flushed"} 1`);
      }
    });
    expect((await listOf('nobody')).ids).toEqual(['i5', 'i1']);
    await putItem(5, false);
    await eventually(async () => expect((await listOf('nobody')).ids).toEqual(['i1']));
  });

  it('is alive with snapshots', async () => {
    const health = await (await fetch(`${url}/healthz`)).json();
    expect(health).toMatchObject({ status: 'ok', ready: true, subsystems: { redis: { ok: true }, state_version: 2 } });
  });
});
