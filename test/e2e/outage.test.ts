import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { setUpCatalogue } from '../../ops/demo/catalogue.ts';
import { type Click, readClickLog } from '../../ops/demo/click-log.ts';
import { openDoor } from '../../ops/demo/door.ts';
import { countedEvents, verify } from '../../ops/demo/verify.ts';
import { stateVersion } from '../../ops/process/process.ts';
import { deadLetterTopics } from '../../schemas/topics.ts';
import type { Answer } from '../../serving/recommend/answer.ts';
import { eventually } from '../support/eventually.ts';
import { createOwnStack, type OwnStack } from '../support/own-stack.ts';
import { idsOf, openShopper, type Shopper } from '../support/shopper.ts';
import { type SteadyReplay, startSteadyReplay } from '../support/steady-replay.ts';
import { startWholeProcess, untilReady, type WholeProcess } from '../support/whole-process.ts';

/** How long a server is away. */
const ms = 20_000;
/** How soon after an outage all must be well again: group sessions end after 6 s, retries wait 5 s at most. */
const withinMs = 30_000;

let stack: OwnStack;
let whole: WholeProcess;
let replay: SteadyReplay;
let shopper: Shopper;

async function setUp(): Promise<void> {
  stack = await createOwnStack();
  whole = await startWholeProcess({ name: 'outage', stack: stack.urls });
  const { url, pipeline } = whole.process;
  const log = readClickLog(20_000);
  const quiet = { phase() {}, progress() {}, freshness() {}, say() {}, stop() {} };
  const { signal } = new AbortController();
  await setUpCatalogue({
    door: openDoor(url, signal),
    itemIds: log.itemIds,
    database: pipeline.resources.database,
    display: quiet,
    signal,
  });
  replay = startSteadyReplay({ url, perSecond: 100, clicks: log.train, shiftMs: Date.now() - log.endsAt });
  shopper = openShopper(url, 'demo');
  await eventually(async () => expect((await explained('stranger')).items).toHaveLength(20), { withinMs });
}

/** Everything that is accepted by now takes effect. */
async function untilCounted(): Promise<void> {
  const { database } = whole.process.pipeline.resources;
  const sent = replay.accepted.length;
  await eventually(async () => expect(await countedEvents(database, stateVersion)).toBeGreaterThanOrEqual(sent), {
    withinMs,
    everyMs: 100,
  });
}

/** More is accepted from now on. */
async function untilAccepting(): Promise<void> {
  const before = replay.accepted.length;
  await eventually(() => expect(replay.accepted.length).toBeGreaterThan(before), { withinMs, everyMs: 100 });
}

/** The process is ready again by itself, events are accepted and counted again. */
async function untilWell(): Promise<void> {
  await untilReady(whole.process, withinMs);
  await untilAccepting();
  await untilCounted();
  expect(whole.fatal).toEqual([]);
}

/** A late click of a user who was answered a list of their own since, and so is remembered. */
function knownUser(): Promise<Click> {
  return eventually(
    async () => {
      for (const click of replay.accepted.slice(-20)) {
        if ((await shopper.list(click.sessionId)).fallback_level === 'personal') return click;
      }
      throw new Error('nobody has a list of their own');
    },
    { withinMs },
  );
}

async function explained(userId: string): Promise<Answer> {
  const response = await shopper.call(`/v1/recommendations/${userId}?namespace=demo&limit=20&explain=true`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as Answer;
}

const anEvent = (event_id: string) => ({ event_id, namespace: 'demo', user_id: 'u', item_id: 'i', type: 'click' });

// Servers of the environment are not ours to stop.
describe.skipIf(inject('stack').driver === 'environment')('an outage of a server during a replay', () => {
  beforeAll(setUp);
  afterAll(async () => {
    try {
      await replay?.[Symbol.asyncDispose]();
      await whole?.close();
    } finally {
      await stack?.close();
    }
  });

  it('of Postgres: events are refused until it is back, lists are still answered', async () => {
    const { sessionId } = await knownUser();
    await stack.outage('postgres', { ms }, async () => {
      const refused = await eventually(async () => {
        const response = await shopper.call('/v1/events', anEvent('away'));
        expect(response.status).toBe(503);
        return response;
      });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await explained(sessionId)).toMatchObject({
        fallback_level: 'personal',
        explain: { degraded: false },
      });
      expect(await explained('stranger')).toMatchObject({ fallback_level: 'global_popular' });
    });
    await untilWell();
  });

  it('of Kafka: events are accepted all the same', async () => {
    await stack.outage('kafka', { ms }, untilAccepting);
    await untilWell();
  });

  it('of the registry: everything goes on', async () => {
    await stack.outage('registry', { ms }, async () => {
      await untilAccepting();
      await untilCounted();
    });
    await untilWell();
  });

  it('of Redis: events are accepted and counted, lists are answered from memory and filtered as ever', async () => {
    const { sessionId, itemId } = await knownUser();
    await stack.outage('redis', { ms }, async () => {
      await untilAccepting();
      await untilCounted();
      // Of the known user the segment is remembered, too.
      const levels = { [sessionId]: 'segment_popular', stranger: 'global_popular' };
      for (const [user, level] of Object.entries(levels)) {
        const list = await explained(user);
        expect(list).toMatchObject({ fallback_level: level, explain: { degraded: true } });
        expect(list.items).toHaveLength(20);
        if (user === sessionId) expect(idsOf(list)).not.toContain(itemId);
      }
    });
    await untilWell();
    // The list is in the store again. Which rung leads depends on what the user has clicked meanwhile.
    const again = { explain: { degraded: false }, reflects: { event_id: expect.any(String) } };
    await eventually(async () => expect(await explained(sessionId)).toMatchObject(again), { withinMs });
  });

  it.each(['postgres', 'kafka'] as const)('of %s by a crash: it goes on by itself', async (server) => {
    await stack.outage(server, { ms: 1_000, signal: 'SIGKILL' });
    await untilWell();
  });

  it('loses nothing, counts nothing twice and sets nothing aside', async () => {
    await replay.stop();
    await untilCounted();
    expect(replay.rejected).toEqual([]);
    const { database } = whole.process.pipeline.resources;
    const stages = await verify(replay.accepted, database, whole.process.pipeline.resources, stateVersion);
    const all = { lost: 0 };
    expect(stages).toMatchObject([
      { stage: 'outbox', ...all, repeated: 0 },
      { stage: 'published', ...all },
      { stage: 'enriched', ...all },
      { stage: 'applied', ...all, repeated: 0 },
      { stage: 'counted', ...all, repeated: 0 },
    ]);
    for (const table of ['dead_letter', 'outbox_parked']) {
      expect(await database.query({ text: `SELECT * FROM ${table}` })).toEqual([]);
    }
    for (const { name } of deadLetterTopics) {
      const ranges = await whole.process.pipeline.resources.admin.offsets(name);
      expect(
        ranges.filter(({ high }) => high > 0n),
        name,
      ).toEqual([]);
    }
    expect(whole.process.unready()).toBeUndefined();
    expect([whole.fatal, whole.errors]).toEqual([[], []]);
  });
});
