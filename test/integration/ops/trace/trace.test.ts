import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshetProcess, startProcess } from '../../../../ops/process/process.ts';
import type { Role } from '../../../../ops/process/roles.ts';
import { checkoutRoot } from '../../../../ops/stack/paths.ts';
import { traceLines } from '../../../../ops/trace/lines.ts';
import { openTraceServers, type TraceServers } from '../../../../ops/trace/servers.ts';
import { trace } from '../../../../ops/trace/trace.ts';
import { verdictOf } from '../../../../ops/trace/verdict.ts';
import { createLogger } from '../../../../pipeline/kernel/logger.ts';
import { installedTopics } from '../../../../pipeline/main/installed-topics.ts';
import type { Resources } from '../../../../pipeline/main/resources.ts';
import { appendOutbox } from '../../../../pipeline/stores/postgres/outbox-append.ts';
import { jsonTopics, topics } from '../../../../schemas/topics.ts';
import { eventually } from '../../../support/eventually.ts';
import { openShopper, type Shopper } from '../../../support/shopper.ts';
import { createInstalledWorkspace, openTestResources, untilReady } from '../../../support/whole-process.ts';
import type { Workspace } from '../../../support/workspace.ts';

const namespace = 'shop';
let workspace: Workspace;
let resources: Resources;
let servers: TraceServers;
let shopper: Shopper;
const running = new Map<string, FreshetProcess>();

async function start(...roles: Role[]): Promise<FreshetProcess> {
  const process = await startProcess({
    config: workspace.config,
    roles: new Set(roles),
    log: createLogger('fatal'),
    onFatal: () => expect.unreachable('nothing fails'),
  });
  running.set(roles.join(), process);
  await untilReady(process);
  return process;
}

async function stop(...roles: Role[]): Promise<void> {
  await running.get(roles.join())?.stop();
  running.delete(roles.join());
}

beforeAll(async () => {
  workspace = await createInstalledWorkspace({ name: 'trace' });
  resources = await openTestResources(workspace);
  servers = openTraceServers(workspace.config);
  const [front] = await Promise.all([
    start('ingest', 'serving', 'intake', 'enrichment', 'candidates', 'catalog', 'dlq-index'),
    start('relay'),
    start('aggregation'),
  ]);
  shopper = openShopper(front.url, namespace);
});
afterAll(async () => {
  await Promise.all([...running.values()].map((one) => one.stop()));
  await servers?.close();
  await resources?.close();
  await workspace?.close();
});

async function ask(eventId: string, userId?: string) {
  const { doors } = installedTopics(workspace.config.FRESHET_SUBMIT_TOPICS);
  const request = { eventId, namespace, userId, since: Date.now() - 3_600_000, withinMs: 10_000 };
  const facts = await trace(servers, doors, request);
  const verdict = verdictOf(facts);
  return { facts, verdict, lines: traceLines(facts, verdict).join('\n') };
}

/** Until the verdict says this. */
const untilSaid = (text: string | RegExp, eventId: string, userId?: string) =>
  eventually(
    async () => {
      const answer = await ask(eventId, userId);
      expect(answer.lines).toMatch(text);
      return answer;
    },
    { withinMs: 30_000, everyMs: 100 },
  );

const handIn = (value: string) => {
  const records = [{ key: Buffer.from(`${namespace}|ben`), value: Buffer.from(value) }];
  return resources.producer.send([{ topic: jsonTopics.engagementEvents.name, records }]);
};
const submitted = (eventId: string) =>
  JSON.stringify({ event_id: eventId, namespace, user_id: 'ben', item_id: 'mug', type: 'click' });

describe('an event that went all the way', () => {
  it('is found at every station, counted once, and in its list', async () => {
    await shopper.tell({ event_id: 'way-1', user_id: 'anna', item_id: 'mug' });
    const { facts, verdict } = await untilSaid(
      /candidates of state version 1: past it[\s\S]*list reflects it since/,
      'way-1',
    );
    expect(verdict).toMatchObject({ state: 'done', text: expect.stringContaining('counted once in state version 1') });
    expect(verdict.text).toContain('list reflects it since');
    expect(facts.key).toMatchObject({ isTaken: true });
    expect(facts.outbox.rows).toMatchObject([{ topic: topics.interactionRecorded.name, state: 'published' }]);
    expect(facts.recorded.flatMap(({ records }) => records)).toHaveLength(1);
    expect(facts.enriched?.records).toHaveLength(1);
    expect(facts.stages.map(({ stage, isPast }) => `${stage} ${isPast}`)).toEqual([
      'enrichment true',
      'aggregation true',
      'candidates true',
    ]);
    expect(facts.versions).toMatchObject([
      {
        applied: 1,
        profile: { isLast: true, isRecent: true },
        sessionId: expect.stringContaining('way-1'),
        activity: { count: 1n },
        profileRecord: { topic: topics.profileUpdated.name },
        list: { relation: 'this event' },
      },
    ]);
    expect(facts.problems).toEqual([]);
  });

  it('is found by its user in one shard and one partition, and not under another user or namespace', async () => {
    expect((await ask('way-1', 'anna')).verdict.state).toBe('done');
    const { doors } = installedTopics(workspace.config.FRESHET_SUBMIT_TOPICS);
    const request = { eventId: 'way-1', namespace: 'other', userId: undefined, since: 0, withinMs: 10_000 };
    expect(verdictOf(await trace(servers, doors, request)).state).toBe('not found');
  });

  it('says which later event its list reflects', async () => {
    await shopper.tell({ event_id: 'way-2', user_id: 'anna', item_id: 'mug' });
    await untilSaid(/reflects a later event of the user, way-2/, 'way-1');
  });

  it('answers the same on the command line, with its exit code', async () => {
    const child = spawn(
      process.execPath,
      [join(checkoutRoot(), 'ops/cli/freshet.js'), 'trace', 'way-2', '--namespace', namespace],
      {
        env: { ...process.env, ...workspace.env },
      },
    );
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(said).toContain('done: counted once in state version 1; list reflects it since');
    expect(code).toBe(0);
  });
});

it('an impression is found with what it exposed', async () => {
  const impression = { event_id: 'seen-1', namespace, user_id: 'anna', items: [{ item_id: 'mug', position: 1 }] };
  await shopper.post('/v1/impressions', { impressions: [impression] });
  const { facts } = await untilSaid(/done: counted once in state version 1; 1 exposures/, 'seen-1');
  expect(facts.stages).toMatchObject([{ stage: 'exposure', isPast: true }]);
});

describe('events that came by a topic', () => {
  it('are found there, and a repeat is called a duplicate', async () => {
    await handIn(submitted('topic-1'));
    const { facts } = await untilSaid(/done: counted once in state version 1; list reflects it/, 'topic-1');
    expect(facts.doors.flatMap(({ records }) => records)).toHaveLength(1);
    await handIn(submitted('topic-1'));
    await untilSaid(/counted once .* handed in 2 times by topic, duplicate of what was accepted at/, 'topic-1');
  });

  it('and were refused are dead letters, with what to do', async () => {
    await handIn(
      JSON.stringify({ event_id: 'bad-1', namespace, user_id: 'ben', type: 'rating', value: 9, item_id: 'mug' }),
    );
    const { verdict, facts } = await untilSaid(/set aside: dead letter of intake: invalid/, 'bad-1');
    expect(verdict.text).toContain('npx freshet dlq redrive --event-id bad-1 --because TEXT');
    expect(facts.key.isTaken).toBe(false);
  });

  it('and cannot even be read are found where their bytes hold the id', async () => {
    await handIn('{"event_id":"torn-1","namespace":"shop"');
    await untilSaid(/set aside: dead letter of intake: undecodable/, 'torn-1');
  });
});

it('a record that the relay has set aside says so', async () => {
  const row = {
    topic: 'no-such-topic',
    key: Buffer.from(`${namespace}|anna`),
    eventId: 'parked-1',
    payload: null,
    occurredAt: 0,
  };
  await resources.database.transaction((tx) => appendOutbox(tx, [row]));
  const { verdict } = await untilSaid(/set aside: set aside by the relay/, 'parked-1');
  expect(verdict.text).toMatch(/topic_unknown.*npx freshet outbox parked redrive \d+ --because/);
});

it('an unknown id was never seen, and what was searched is said', async () => {
  const { verdict, lines } = await ask('nobody-1');
  expect(verdict.state).toBe('not found');
  expect(lines).toMatch(/not in main \(\d+ rows searched, back to /);
  expect(lines).toMatch(/not in engagement-events \(\d+ records searched, since /);
});

it('tells state versions apart, and what the second one waits for', async () => {
  const text = `INSERT INTO state_version (version, settings, group_id) SELECT 2, settings, 'elsewhere' FROM state_version WHERE version = 1`;
  await resources.database.query({ text });
  const { facts } = await untilSaid(
    /counted once in state version 1; .*aggregation of state version 2.*no process runs that stage/,
    'way-1',
  );
  expect(facts.versions.map(({ version, applied }) => ({ version, applied }))).toEqual([
    { version: 1, applied: 1 },
    { version: 2, applied: 0 },
  ]);
  await resources.database.query({ text: 'DELETE FROM state_version WHERE version = 2' });
});

describe('an event that is on its way', () => {
  it('waits in the enriched topic while nobody aggregates', async () => {
    await stop('aggregation');
    await shopper.tell({ event_id: 'late-1', user_id: 'anna', item_id: 'mug' });
    await untilSaid(
      /on its way: waits in engagement\.interaction\.enriched\.v1\/\d+ at offset \d+ for aggregation of state version 1, 0 records before it: no process runs that stage/,
      'late-1',
    );
  });

  it('waits in the outbox while no relay runs', async () => {
    await stop('relay');
    await shopper.tell({ event_id: 'late-2', user_id: 'anna', item_id: 'mug' });
    const { verdict } = await untilSaid(/waits in the outbox main since .*: no relay holds shard \d+/, 'late-2');
    expect(verdict.state).toBe('on its way');
  });
});
