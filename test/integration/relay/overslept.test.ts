import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { setBack } from '../../../ops/chaos/judge.ts';
import { type OutboxLog, openOutboxLog } from '../../../ops/chaos/outbox-log.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { startTestRelay, type TestRelay } from './harness.ts';
import { createPlainTopics, followTopics, type TopicLog } from './topic-log.ts';

let workspace: Workspace;
let outbox: OutboxLog;
let log: TopicLog;
let child: ChildProcess | undefined;
const relays: TestRelay[] = [];

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'overslept', env: { FRESHET_RELAY_LEASE_MS: '500' } });
  outbox = openOutboxLog(workspace.config.FRESHET_POSTGRES_URL);
  await createPlainTopics(workspace.config, ['plain', 'compacted']);
  log = await followTopics(workspace.config, ['plain', 'compacted']);
});

afterEach(async () => {
  child?.kill('SIGKILL');
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
});

afterAll(async () => {
  await log?.close();
  await outbox?.close();
  await workspace?.close();
});

const append = (topic: string, ...ids: string[]) =>
  outbox.database.transaction((tx) =>
    appendOutbox(
      tx,
      ids.map((id) => ({
        topic,
        key: Buffer.from(id[0] as string),
        eventId: id,
        payload: Buffer.from(id),
        occurredAt: 1,
      })),
    ),
  );

const ofKey = (key: string) => log.entries.filter((entry) => entry.key === key).map(({ value }) => value);

/** A relay that holds every shard, in a process of its own; answers what it says. */
async function startGated(guarded: boolean): Promise<{ readonly relay: ChildProcess; readonly said: string[] }> {
  const file = fileURLToPath(new URL('./gated-relay-process.ts', import.meta.url));
  const said: string[] = [];
  const relay = fork(file, [guarded ? 'guarded' : 'unguarded'], {
    env: { ...workspace.env },
  });
  child = relay;
  relay.on('message', (words) => said.push(String(words)));
  await eventually(async () => expect(await outbox.held()).toBe(16), { withinMs: 20_000 });
  return { relay, said };
}

/**
 * The relay is stopped between reading a page and writing it, past its lease; its successor publishes that page and
 * another one; then it is woken and goes on. Answers what became of its request.
 */
async function oversleep(topic: string, key: string, guarded: boolean): Promise<string | undefined> {
  const { relay, said } = await startGated(guarded);
  await append(topic, `${key}1`, `${key}2`);
  await eventually(() => expect(said).toEqual(['read']));
  relay.kill('SIGSTOP');
  relay.send('go');
  const config = workspace.config;
  relays.push(await startTestRelay({ config, isFenced: (one) => one === 'compacted' }));
  await eventually(() => expect(ofKey(key)).toEqual([`${key}1`, `${key}2`]));
  await append(topic, `${key}3`);
  await eventually(() => expect(ofKey(key)).toHaveLength(3));
  const before = await outbox.positions();
  relay.kill('SIGCONT');
  await eventually(() => expect(said).toHaveLength(2));
  await append(topic, `${key}4`);
  await eventually(() => expect(ofKey(key)).toContain(`${key}4`));
  const after = await outbox.positions();
  expect(before.map((position, at) => setBack(position, after[at] as typeof position))).toEqual(
    Array(16).fill(undefined),
  );
  await eventually(async () => expect(await outbox.isSettled()).toBe(true));
  return said[1];
}

describe('a relay that is stopped between reading a page and writing it, and overslept its lease', () => {
  it('writes nothing when it wakes up', async () => {
    expect(await oversleep('plain', 'a', true)).toMatch(/^refused/);
    expect(ofKey('a')).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it('would write behind its successor without the guard in the socket', async () => {
    expect(await oversleep('plain', 'b', false)).toBe('sent');
    expect(ofKey('b').slice(0, 5)).toEqual(['b1', 'b2', 'b3', 'b1', 'b2']);
  });

  it('is refused by the broker on a compacted topic, also without the guard', async () => {
    expect(await oversleep('compacted', 'c', false)).toMatch(/^refused/);
    expect(ofKey('c')).toEqual(['c1', 'c2', 'c3', 'c4']);
  });
});
