import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDoor } from '../../ops/demo/door.ts';
import type { Resources } from '../../pipeline/main/resources.ts';
import { eventually } from '../support/eventually.ts';
import { type FreshetRun, startFreshet, startRun } from '../support/freshet-child.ts';
import { startListClient } from '../support/list-client.ts';
import { openShopper, type Shopper } from '../support/shopper.ts';
import { type SteadyTraffic, startSteadyTraffic } from '../support/steady-traffic.ts';
import { createInstalledWorkspace, openTestResources } from '../support/whole-process.ts';
import type { Workspace } from '../support/workspace.ts';

const namespace = 'shop';
const minuteMs = 60_000;
const itemCount = 200;
const users = 300;
const began = Date.now() - 86_400_000;
let workspace: Workspace;
let resources: Resources;
let run: FreshetRun;
let shopper: Shopper;
let traffic: SteadyTraffic;

/** Bursts of five events, ten minutes apart: one session with a gap of 30 min, one a burst with a gap of a minute. */
function eventOf(prefix: string, user: number, nth: number) {
  const item = ((user % 10) * 20 + ((user * 7 + nth * 3) % 20)) % itemCount;
  return {
    event_id: `${prefix}-${user}-${nth}`,
    namespace,
    user_id: `${prefix}-${user}`,
    item_id: `item-${item}`,
    type: nth % 9 === 8 ? 'add' : 'click',
    ...(nth % 9 === 8 ? { value: 1 } : {}),
    occurred_at: began + Math.floor(nth / 5) * 10 * minuteMs + (nth % 5) * 1_000 + user,
    context: { surface: 'home' },
  };
}

/** So few that neighbours of the session alone fill the list: the first request after a switch has no second wait. */
const limit = 3;

/** Users who do nothing while the version is built: their lists have no reason to change. */
const quiet = Array.from({ length: 20 }, (_, user) => `quiet-${user}`);

async function verb(...args: string[]): Promise<{ summary: Record<string, unknown>; runs: Record<string, unknown>[] }> {
  await using child = startFreshet(['rebuild', ...args, '--json'], workspace.env);
  const { code } = await child.ended(90_000);
  expect(code, child.lines.join('\n')).toBe(0);
  return JSON.parse(child.lines.slice(child.lines.indexOf('{'), child.lines.lastIndexOf('}') + 1).join('\n'));
}

const because = ['--because', 'a test of the session gap'];
const count = async (text: string): Promise<number> =>
  Number((await resources.database.query<{ n: bigint }>({ text }))[0]?.n ?? 0);

beforeAll(async () => {
  workspace = await createInstalledWorkspace({ name: 'e2e-rebuild' });
  resources = await openTestResources(workspace);
  run = await startRun(workspace.env);
  shopper = openShopper(run.url, namespace);
  const door = openDoor(run.url, new AbortController().signal);
  const body = { surfaces: { home: { exclude_current: true, exclude_seen: false } } };
  await door.post('/v1/config:upsert', {
    documents: [{ namespace, kind: 'settings', id: 'default', revision: 1, body }],
  });
  await door.post('/v1/items:upsert', {
    items: Array.from({ length: itemCount }, (_, n) => ({
      namespace,
      item_id: `item-${n}`,
      revision: 1,
      available: true,
    })),
  });
  await eventually(async () => expect(await count('SELECT count(*) AS n FROM item')).toBe(itemCount));
  traffic = startSteadyTraffic({
    url: run.url,
    perSecond: 1_000,
    eventOf: (n) => eventOf('live', n % users, Math.floor(n / users)),
  });
}, 120_000);
afterAll(async () => {
  await traffic?.stop().catch(() => undefined);
  await run?.[Symbol.asyncDispose]();
  await resources?.close();
  await workspace?.close();
});

/** Their events come when others are there to be like; each list is then made of neighbours alone. */
async function settleQuietUsers(): Promise<void> {
  const events = quiet.flatMap((_, user) => Array.from({ length: 25 }, (_, nth) => eventOf('quiet', user, nth)));
  for (let from = 0; from < events.length; from += 100) {
    await shopper.post('/v1/events:batch', { events: events.slice(from, from + 100) });
  }
  for (const [user, name] of quiet.entries()) {
    await eventually(async () => {
      const list = await shopper.list(name, { surface: 'home', limit });
      expect(list.reflects?.event_id).toBe(`quiet-${user}-9`); // the greatest id of those received together
      expect(list.items.map(({ sources }) => sources)).toEqual(Array(limit).fill(['session-knn']));
    });
  }
}

describe('a rebuild with another session gap beside 1,000 events a second', () => {
  it('is built, compared, promoted and rolled back while a client sees no empty and no mixed list', async () => {
    await eventually(() => expect(traffic.accepted()).toBeGreaterThan(3_000), { withinMs: 30_000 });
    await settleQuietUsers();
    const { summary: started } = await verb('start', '--set', `sessionGapMs=${minuteMs}`, ...because);
    expect(started).toMatchObject({ version: 2, standing: 'building', source: 'enriched' });
    await using again = startFreshet(['rebuild', 'start', ...because], workspace.env);
    expect((await again.ended(30_000)).code).toBe(1);
    expect(again.lines.join('\n')).toContain('rebuild_running');

    const client = startListClient(quiet, (user) => shopper.list(user, { surface: 'home', limit }));
    await verb('promote', '--within', '80', ...because);
    await eventually(() => expect(client.versions.at(-1)).toBe(2), { withinMs: 1_000 });
    const { runs: tables } = await verb('compare', '1', '--with', '2');
    const byTable = Object.fromEntries(tables.map((one) => [one.table, one]));
    expect(byTable.session?.differingCount).toBeGreaterThan(quiet.length);
    const rows = byTable.session?.rows as number[];
    expect(rows[0]).toBeGreaterThan((rows[1] as number) * 2); // version 2 has a session a burst

    await eventually(() => expect([...client.seen.values()].every((of) => of.has(2))).toBe(true), { withinMs: 30_000 });
    await verb('rollback', ...because);
    await eventually(() => expect(client.versions.at(-1)).toBe(1), { withinMs: 1_000 });
    await client.stop();
    expect(client.versions).toEqual([1, 2, 1]);
    expect([...client.levels]).toEqual(['personal']);
    for (const [user, of] of client.seen) {
      for (const [version, lists] of of) {
        expect([...lists], `${user} in version ${version}`).toHaveLength(1);
        expect([...lists][0], `${user} in version ${version}`).not.toBe('');
      }
    }
    const audit = await resources.database.query({ text: 'SELECT verb FROM operator_audit ORDER BY id' });
    expect(audit).toEqual([{ verb: 'rebuild start' }, { verb: 'rebuild promote' }, { verb: 'rebuild rollback' }]);
  });

  it('leaves nothing behind when it is aborted', async () => {
    await verb('abort', '2', ...because);
    for (const table of [
      'user_profile',
      'session',
      'item_activity',
      'applied_event_0',
      'exposure',
      'consumer_offset',
    ]) {
      expect(await count(`SELECT count(*) AS n FROM ${table} WHERE state_version = 2`), table).toBe(0);
    }
    const redis = new Redis(workspace.config.FRESHET_REDIS_URL);
    try {
      expect(await redis.keys('f:2:*')).toEqual([]);
      expect(await redis.smembers('f:versions')).toEqual(['1']);
    } finally {
      redis.disconnect();
    }
    const live = `SELECT count(*) AS n FROM outbox o WHERE topic LIKE '%.updated.v1' AND key LIKE '2|%'::bytea
      AND NOT EXISTS (SELECT FROM outbox t WHERE t.key = o.key AND t.payload IS NULL AND t.seq >= o.seq)`;
    expect(await count(live)).toBe(0);
  });
});

describe('a rebuild of the same state', () => {
  it('from recorded interactions equals the live one in every row', async () => {
    await traffic.stop();
    await verb('start', '--from', 'recorded', ...because);
    await verb('promote', '3', '--within', '80', ...because);
    const { runs: tables } = await verb('compare', '1', '--with', '3');
    expect(tables.map((one) => [one.table, one.differingRanges])).toEqual(
      ['user_profile', 'session', 'item_activity', 'exposure'].map((table) => [table, []]),
    );
    expect(await count('SELECT count(*) AS n FROM dead_letter')).toBe(0);
    await verb('retire', '1', ...because);
    await using back = startFreshet(['rebuild', 'rollback', ...because], workspace.env);
    expect((await back.ended(30_000)).code).toBe(1);
    expect(back.lines.join('\n')).toContain('no_way_back');
    expect((await shopper.list('quiet-3', { surface: 'home' })).state_version).toBe(3);
  });

  it('is made by a process with a group id of its own, and only by roles that keep versions', async () => {
    const env = { ...workspace.env, KAFKA_WORKER_GROUP_ID: 'replay', KAFKA_WORKER_AUTO_OFFSET_RESET: 'earliest' };
    await using refused = startFreshet(['run', '--roles', 'relay,aggregation'], env);
    expect((await refused.ended(30_000)).code).toBe(1);
    expect(refused.lines.join('\n')).toContain('group_id_refused');
    await using own = await startRun(env, ['--roles', 'aggregation,candidates']);
    const versions = await resources.database.query({
      text: `SELECT version, group_id FROM state_version WHERE status = 'running' ORDER BY version`,
    });
    expect(versions).toEqual([
      { version: 3, group_id: null },
      { version: 4, group_id: 'replay' },
    ]);
    await verb('promote', '--within', '80', ...because);
    const { runs: tables } = await verb('compare', '3', '--with', '4');
    expect(tables.map(({ differingRanges }) => differingRanges)).toEqual([[], [], [], []]);
    own.send('SIGTERM');
    await own.ended(30_000);
    const told = await shopper.tell({ event_id: 'after', user_id: 'quiet-3', item_id: 'item-1' });
    expect(await shopper.listReflecting('quiet-3', told)).toMatchObject({ state_version: 4 });
  });
});
