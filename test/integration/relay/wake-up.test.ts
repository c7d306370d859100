import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { startTestRelay, type TestRelay } from './harness.ts';
import { createStatementCounter, type StatementCounter } from './statement-counter.ts';

let workspace: Workspace;
let database: Database;
let link: StatementCounter;
let published: string[] = [];
const relays: TestRelay[] = [];
const producer = {
  async send(batch: readonly { records: readonly { value: Buffer | null }[] }[]) {
    for (const { records } of batch) published.push(...records.map(({ value }) => String(value)));
  },
  close: async () => undefined,
};

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'wake-up' });
  const url = workspace.config.FRESHET_POSTGRES_URL;
  database = openDatabase({ url, onIdleError: () => undefined });
  link = await createStatementCounter(url);
});

afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
  published = [];
  link.mute(false);
});

afterAll(async () => {
  await link?.close();
  await database?.close();
  await workspace?.close();
});

async function relay(url: string): Promise<TestRelay> {
  const started = await startTestRelay({ config: { ...workspace.config, FRESHET_POSTGRES_URL: url }, producer });
  relays.push(started);
  return started;
}

const append = (id: string) =>
  database.transaction((tx) =>
    appendOutbox(tx, [{ topic: 't', key: Buffer.from(id), eventId: id, payload: Buffer.from(id), occurredAt: 1 }]),
  );

async function modeOf({ metrics }: TestRelay): Promise<string[]> {
  const { values } = await metrics.relayWakeUpMode.get();
  return values.filter(({ value }) => value === 1).map(({ labels }) => String(labels.mode));
}

const publishes = async (id: string) => {
  await append(id);
  await eventually(() => expect(published).toContain(id));
};

describe('a relay', () => {
  it('that hears notifications says so', async () => {
    const started = await relay(link.url);
    await eventually(async () => expect(await modeOf(started)).toEqual(['notify']));
    await publishes('heard');
  });

  it('that hears none finds out, says so, and polls', async () => {
    link.mute(true);
    const started = await relay(link.url);
    await eventually(async () => expect(await modeOf(started)).toEqual(['polling']));
    await publishes('polled');
    expect(started.failures).toEqual([]);
  });

  it('behind a transaction pooler asks for nothing that belongs to a session', async () => {
    const role = `ALTER ROLE freshet IN DATABASE "${new URL(workspace.config.FRESHET_POSTGRES_URL).pathname.slice(1)}"`;
    await database.query({ text: `${role} SET search_path = freshet` });
    const pooler = await createStatementCounter(workspace.config.FRESHET_POSTGRES_URL);
    const url = `${pooler.url}?pooler=transaction`;
    const started = await relay(url);
    await eventually(async () => expect(await modeOf(started)).toEqual(['polling']));
    await publishes('pooled');
    const writer = openDatabase({ url, onIdleError: () => undefined });
    await writer.transaction((tx) =>
      appendOutbox(tx, [{ topic: 't', key: Buffer.from('k'), eventId: 'w', payload: Buffer.from('w'), occurredAt: 1 }]),
    );
    await eventually(() => expect(published).toContain('w'));
    expect(pooler.ofSession()).toEqual([]);
    expect(started.failures).toEqual([]);
    await relays.pop()?.stop();
    await writer.close();
    await pooler.close();
  });

  it('refuses a pooler that drops its settings unsaid, and names the remedy', async () => {
    link.dropOptions(true);
    const started = await relay(link.url);
    await eventually(() => expect(started.failures).toHaveLength(1));
    link.dropOptions(false);
    expect(started.failures[0]).toMatchObject({
      code: 'outbox_pooled',
      message: expect.stringContaining('?pooler=transaction'),
    });
  });

  it('that is led to Postgres itself keeps its settings and statements in the session', async () => {
    await relay(link.url);
    await publishes('direct');
    expect([...link.ofSession()].sort()).toEqual(['LISTEN', 'named statement', 'start-up options']);
  });

  it('that has nothing to do asks less than five times a second, woken or not', async () => {
    link.mute(true);
    const started = await relay(link.url);
    await eventually(async () => expect(await modeOf(started)).toEqual(['polling']));
    const [from, since] = [link.count(), performance.now()];
    const elapsed = () => performance.now() - since;
    await eventually(() => expect(elapsed()).toBeGreaterThan(6_000), { everyMs: 100 });
    expect(((link.count() - from) / elapsed()) * 1_000).toBeLessThan(5);
  });
});
