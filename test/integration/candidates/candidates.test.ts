import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applySchemas } from '../../../ops/schemas/apply.ts';
import { checkoutRoot } from '../../../ops/stack/paths.ts';
import { unpackList } from '../../../pipeline/domain/packed-list.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { type Running, startAll } from '../../../pipeline/kernel/component.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../pipeline/kernel/metrics.ts';
import { candidatesRole } from '../../../pipeline/main/candidates.ts';
import { openResources, type ProcessContext, type Resources } from '../../../pipeline/main/resources.ts';
import { createAggregation } from '../../../pipeline/stages/aggregation/aggregation.ts';
import type { OutboxRow } from '../../../pipeline/stores/outbox.ts';
import { createAppliedEvents } from '../../../pipeline/stores/postgres/applied-event.ts';
import type { Tx } from '../../../pipeline/stores/postgres/database.ts';
import { createExposureLog } from '../../../pipeline/stores/postgres/feature-activity.ts';
import { createFeatureStore } from '../../../pipeline/stores/postgres/feature-store.ts';
import { createProfilePages } from '../../../pipeline/stores/postgres/profile-pages.ts';
import { redisKeys } from '../../../pipeline/stores/redis/keys.ts';
import type { ProfileUpdated } from '../../../schemas/generated/profile-updated.v1.ts';
import { deadLetterTopic, topics } from '../../../schemas/topics.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { deliveries, interaction } from '../../unit/pipeline/stages/aggregation/events.ts';

const log = createLogger('fatal');
const start = Date.now() - 3_600_000;
const items = ['a', 'b', 'c', 'd'];
const failures: unknown[] = [];
const published: OutboxRow[] = [];

let workspace: Workspace;
let context: ProcessContext;
let resources: Resources;
let running: Running;
let eventCount = 0;

beforeAll(async () => {
  const wanted = [topics.profileUpdated, topics.sessionUpdated, deadLetterTopic(topics.profileUpdated, 'candidates')];
  workspace = await createWorkspace({ name: 'candidates', topics: wanted });
  const { config } = workspace;
  await applySchemas({ registryUrl: config.FRESHET_REGISTRY_URL, root: checkoutRoot(), log });
  const shared = { config, log, metrics: createMetrics(), clock: systemClock, random: Math.random };
  context = { ...shared, instance: 'test', appVersion: '0', onStage: () => undefined };
  resources = await openResources(context);
  for (const [at, itemId] of items.entries()) {
    await resources.database.query({
      text: `INSERT INTO item (namespace, item_id, number, revision, available, hidden, body)
             VALUES ('default', $1, $2, 1, true, false, '{}')`,
      values: [itemId, at + 1],
    });
  }
  await clicked('u1', 'a', 'b');
  await clicked('u2', 'c', 'd');
  await clicked('u3', 'a', 'unknown');
  running = await startAll(candidatesRole(context, resources), log, (_component, error) => failures.push(error));
});
afterAll(async () => {
  await running?.stop();
  await resources?.close();
  await workspace?.close();
});

/** Applies a user's clicks as aggregation does, and publishes what it put into the outbox. */
async function clicked(userId: string, ...itemIds: string[]) {
  const { codec, database, producer } = resources;
  const rows: OutboxRow[] = [];
  const [profile, session] = await Promise.all([
    codec.writer(topics.profileUpdated),
    codec.writer(topics.sessionUpdated),
  ]);
  const stage = createAggregation<Tx>({
    stateVersion: 1,
    applied: createAppliedEvents(),
    features: createFeatureStore(),
    exposures: createExposureLog(),
    appendOutbox: async (_tx, appended) => void rows.push(...appended),
    writers: { profile, session },
  });
  const events = itemIds.map((itemId) => {
    eventCount += 1;
    const at = start + 1_000 * eventCount;
    return interaction({
      eventId: `e${eventCount}`,
      userId,
      itemId,
      occurredAt: at,
      receivedAt: at,
      segment: 'home|de',
    });
  });
  await database.transaction((tx) => stage.apply(tx, deliveries(events)));
  for (const { topic, key, payload } of rows) await producer.send([{ topic, records: [{ key, value: payload }] }]);
  published.push(...rows);
}

async function listAt(key: string) {
  const bytes = await resources.redis.getBuffer(key);
  if (bytes === null) return undefined;
  const { reflects, candidates } = unpackList(bytes);
  return { eventId: reflects?.eventId, items: candidates.map(({ item }) => items[item - 1]).toSorted() };
}
const userList = (userId: string) => listAt(redisKeys.list(1, 'default', userId));
const similar = (itemId: string) => listAt(redisKeys.similar(1, 'default', items.indexOf(itemId) + 1));
const popular = (segment: string) => listAt(redisKeys.popular(1, 'default', segment));

async function everythingIsThere() {
  expect(await userList('u1')).toEqual({ eventId: 'e2', items: ['a'] });
  expect(await userList('u2')).toEqual({ eventId: 'e4', items: [] });
  expect((await similar('d'))?.items).toEqual(['c']);
  expect((await popular('home|de'))?.items).toEqual(items);
  expect((await popular('|'))?.items).toEqual(items);
  expect(await resources.redis.get(redisKeys.active)).toBe('1');
}

describe('candidates over Kafka, Postgres and Redis', () => {
  it('writes lists of users, items and segments', async () => {
    await eventually(everythingIsThere, { withinMs: 40_000 });
    expect(failures).toEqual([]);
  });

  it('follows what a user does next', async () => {
    await clicked('u2', 'a');
    await eventually(async () => expect(await userList('u2')).toEqual({ eventId: 'e7', items: ['b'] }));
  });

  it('reads from Postgres what the newest profile records say', async () => {
    const reader = resources.codec.reader(topics.profileUpdated);
    const newest = new Map<string, ProfileUpdated>();
    for (const { topic, payload } of published) {
      if (topic !== topics.profileUpdated.name || payload === null) continue;
      const result = await reader.read(payload);
      if (result.ok) newest.set(result.value.userId, result.value);
    }
    const pages = createProfilePages(resources.database);
    const first = await pages.after(1, undefined, 2);
    const second = await pages.after(1, first.at(-1), 2);
    expect([...first, ...second]).toEqual(['u1', 'u2', 'u3'].map((userId) => ({ ...newest.get(userId) })));
    expect(await pages.after(1, second.at(-1), 2)).toEqual([]);
  });

  it('writes everything again after Redis has lost it', async () => {
    await resources.redis.flushdb();
    await eventually(
      async () => {
        expect(await userList('u1')).toEqual({ eventId: 'e2', items: ['a', 'c', 'd'] });
        expect(await userList('u2')).toEqual({ eventId: 'e7', items: ['b'] });
        expect((await similar('d'))?.items).toContain('c');
        expect((await popular('home|de'))?.items).toEqual(items);
        expect(await resources.redis.hlen(redisKeys.marker(1))).toBe(topics.profileUpdated.partitions);
      },
      { withinMs: 30_000 },
    );
  });

  it('leaves no private group behind when it stops', async () => {
    const admin = resources.kafka.admin();
    await admin.connect();
    const groups = async () => {
      const { groups: all } = await admin.listGroups();
      return all.map(({ groupId }) => groupId).filter((id) => id.startsWith(resources.names.group('')));
    };
    expect((await groups()).some((id) => id.includes('candidates-sessions'))).toBe(true);
    await running.stop();
    expect((await groups()).some((id) => id.includes('candidates-sessions'))).toBe(false);
    await admin.disconnect();
    expect(failures).toEqual([]);
  });
});
