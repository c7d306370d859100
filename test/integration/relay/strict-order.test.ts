import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import { releaseParked } from '../../../pipeline/stores/postgres/release-parked.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { startTestRelay, type TestRelay } from './harness.ts';

let workspace: Workspace;
let database: Database;
const relays: TestRelay[] = [];

/** A broker whose refusals can be mended, all or nothing a call. */
const refused = new Set<string>();
let published: string[] = [];
const producer = {
  async send(batch: readonly { records: readonly { value: Buffer | null }[] }[]) {
    const ids = batch.flatMap(({ records }) => records.map(({ value }) => String(value)));
    if (ids.some((id) => refused.has(id))) throw new FreshetError('record_too_large', 'too large');
    published.push(...ids);
  },
  close: async () => undefined,
};

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'strict-order', env: { FRESHET_RELAY_LEASE_MS: '500' } });
  database = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});

afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
  await database.query({ text: 'TRUNCATE outbox_parked' });
  published = [];
  refused.clear();
});

afterAll(async () => {
  await database.close();
  await workspace.close();
});

async function relay(): Promise<TestRelay> {
  const started = await startTestRelay({ config: workspace.config, producer, strictTopics: new Set(['strict']) });
  relays.push(started);
  return started;
}

async function stopFirst(): Promise<void> {
  await relays.shift()?.stop();
}

/** `a1` has the key `a`. */
const append = (topic: string, ...ids: string[]) =>
  database.transaction((tx) =>
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

const ofKey = (key: string) => published.filter((id) => id.startsWith(key));

async function parked(): Promise<string[]> {
  const rows = await database.query<{ event_id: string; reason: string }>({
    text: 'SELECT event_id, reason FROM outbox_parked ORDER BY seq',
  });
  return rows.map(({ event_id: id, reason }) => `${id} ${reason}`);
}

async function seqOf(id: string): Promise<bigint> {
  const [row] = await database.query<{ seq: bigint }>({
    text: 'SELECT seq FROM outbox_parked WHERE event_id = $1',
    values: [id],
  });
  return row?.seq ?? 0n;
}

const refuseFirst = async () => {
  refused.add('a1');
  await relay();
  await append('strict', 'a0', 'a1', 'b1', 'a2');
  await eventually(async () => expect(await parked()).toEqual(['a1 record_too_large', 'a2 held_behind']));
};

describe('a topic with strict order', () => {
  it('keeps back the key of a refused record, while others go on', async () => {
    await refuseFirst();
    await append('strict', 'a3', 'b2', 'a4');
    await eventually(() => expect(ofKey('b')).toEqual(['b1', 'b2']));
    await eventually(async () =>
      expect(await parked()).toEqual(['a1 record_too_large', 'a2 held_behind', 'a3 held_behind', 'a4 held_behind']),
    );
    expect(ofKey('a')).toEqual(['a0']);
  });

  it('publishes all of the key in order after a redrive, and what comes later directly', async () => {
    await refuseFirst();
    refused.clear();
    await append('strict', 'a3');
    expect(await releaseParked(database, await seqOf('a1'))).toEqual({ result: 'released' });
    await append('strict', 'a4');
    await eventually(() => expect(ofKey('a')).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']));
    await eventually(async () => expect(await parked()).toEqual([]));
    await append('strict', 'a5');
    await eventually(() => expect(ofKey('a')).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5']));
    expect(await parked()).toEqual([]);
  });

  it('publishes what waited when the refused record is discarded', async () => {
    await refuseFirst();
    await database.query({ text: 'DELETE FROM outbox_parked WHERE seq = $1', values: [await seqOf('a1')] });
    await eventually(() => expect(ofKey('a')).toEqual(['a0', 'a2']));
    await eventually(async () => expect(await parked()).toEqual([]));
  });

  it('forgets the key when all of it is discarded', async () => {
    await refuseFirst();
    await database.query({ text: 'DELETE FROM outbox_parked' });
    await append('strict', 'a3');
    await eventually(() => expect(ofKey('a')).toEqual(['a0', 'a3']));
    await eventually(async () => expect(await parked()).toEqual([]));
  });

  it('sets a record that is refused again aside again, with what waits behind it', async () => {
    await refuseFirst();
    await releaseParked(database, await seqOf('a1'));
    await eventually(async () => {
      const [row] = await database.query<{ reason: string; message: string }>({
        text: 'SELECT reason, message FROM outbox_parked ORDER BY seq LIMIT 1',
      });
      expect(row).toEqual({ reason: 'record_too_large', message: 'too large' });
    });
    expect(await parked()).toEqual(['a1 record_too_large', 'a2 held_behind']);
    expect(ofKey('a')).toEqual(['a0']);
  });

  it('is kept by the relay that takes over', async () => {
    await refuseFirst();
    await relay();
    await stopFirst();
    await append('strict', 'a3', 'b2');
    await eventually(() => expect(ofKey('b')).toEqual(['b1', 'b2']));
    await eventually(async () => expect(await parked()).toHaveLength(3));
    expect(ofKey('a')).toEqual(['a0']);
    refused.clear();
    await releaseParked(database, await seqOf('a1'));
    await eventually(() => expect(ofKey('a')).toEqual(['a0', 'a1', 'a2', 'a3']));
  });

  it('names the record that another waits behind', async () => {
    await refuseFirst();
    const front = await seqOf('a1');
    expect(await releaseParked(database, await seqOf('a2'))).toEqual({ result: 'behind', seq: front });
    expect(await releaseParked(database, 999_999n)).toEqual({ result: 'absent' });
    expect(await parked()).toEqual(['a1 record_too_large', 'a2 held_behind']);
  });
});

describe('any other topic', () => {
  it('goes on behind a refused record', async () => {
    refused.add('a1');
    await relay();
    await append('plain', 'a0', 'a1', 'a2');
    await eventually(() => expect(ofKey('a')).toEqual(['a0', 'a2']));
    expect(await parked()).toEqual(['a1 record_too_large']);
  });
});
