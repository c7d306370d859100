import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventKeyId } from '../../pipeline/domain/keys.ts';
import type {
  AppliedEvents,
  ExposureLog,
  FeatureStore,
  StoredProfile,
  StoredSession,
} from '../../pipeline/stores/feature.ts';
import { createMemoryFeatures } from '../../pipeline/stores/memory/feature-store.ts';
import { createAppliedEvents } from '../../pipeline/stores/postgres/applied-event.ts';
import { type Database, openDatabase } from '../../pipeline/stores/postgres/database.ts';
import { createExposureLog } from '../../pipeline/stores/postgres/feature-activity.ts';
import { createFeatureStore } from '../../pipeline/stores/postgres/feature-store.ts';
import { createWorkspace, type Workspace } from '../support/workspace.ts';

/** A store under test; `within` runs work in one transaction that commits. */
interface Subject<Tx> {
  readonly features: FeatureStore<Tx>;
  readonly applied: AppliedEvents<Tx>;
  readonly exposures: ExposureLog<Tx>;
  within<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  counts(): Promise<unknown[]>;
  shown(): Promise<unknown[]>;
}

function memorySubject(): Subject<unknown> {
  const { data, ...stores } = createMemoryFeatures();
  return {
    ...stores,
    within: (work) => work(undefined),
    counts: async () => [...data.activity.values()].map(({ itemId, count }) => ({ itemId, count })),
    shown: async () =>
      [...data.exposures.values()].map(({ itemId, position, sources }) => ({ itemId, position, sources })),
  };
}

let workspace: Workspace;
let db: Database;

function postgresSubject(): Subject<Parameters<Parameters<Database['transaction']>[0]>[0]> {
  return {
    features: createFeatureStore(),
    applied: createAppliedEvents(),
    exposures: createExposureLog(),
    within: (work) => db.transaction(work),
    counts: async () => {
      const rows = await db.query<{ item_id: string; count: bigint }>({
        text: 'SELECT item_id, count FROM item_activity ORDER BY item_id',
      });
      return rows.map(({ item_id: itemId, count }) => ({ itemId, count: Number(count) }));
    },
    shown: async () =>
      db.query({ text: 'SELECT item_id AS "itemId", position, sources FROM exposure ORDER BY item_id' }),
  };
}

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'features' });
  db = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});
afterAll(async () => {
  await db.close();
  await workspace.close();
});

const version = 1;
const u1 = { namespace: 'default', userId: "o'brien \\ ü" };
const u2 = { namespace: 'default', userId: 'u2' };

const profile = (user: typeof u1, revision: number): StoredProfile => ({
  ...user,
  revision,
  body: {
    last: { eventId: `e${revision}`, receivedAt: 2, occurredAt: 1, anonymous: false },
    place: null,
    currentSessionId: null,
    older: '1 0 e1 "quoted" \\ item\n2 0 e2 日本',
    bought: '',
    dismissed: '',
    added: '',
    affinity: '19700 1\t1 brand:x',
  },
});

const session = (user: typeof u1, sessionId: string, from: number, to: number): StoredSession => ({
  ...user,
  sessionId,
  body: { first: { occurredAt: from, eventId: 'a' }, last: { occurredAt: to, eventId: 'b' }, entries: '' },
});

describe.each([
  ['memory', memorySubject as () => Subject<never>],
  ['postgres', postgresSubject as () => Subject<never>],
])('feature stores in %s', (_, create) => {
  let subject: Subject<never>;
  beforeAll(() => {
    subject = create();
  });

  it('know the settings of the version that is there from the start', async () => {
    const settings = await subject.within((tx) => subject.features.settings(tx, version));
    expect(settings).toEqual({
      sessionGapMs: 1_800_000,
      sessionItemCap: 200,
      historySize: 200,
      affinityDays: 90,
      affinityLimit: 2_000,
      itemSetLimit: 500,
    });
  });

  it('give an event to the first who claims it, in each version', async () => {
    const ids = ['a', 'b', 'c'].map((id) => eventKeyId('default', id));
    const claim = (stateVersion: number, from: number, to: number) =>
      subject.within((tx) => subject.applied.claim(tx, stateVersion, ids.slice(from, to)));
    expect(await claim(1, 0, 2)).toEqual(new Set(ids.slice(0, 2)));
    expect(await claim(1, 0, 3)).toEqual(new Set(ids.slice(2)));
    expect(await claim(1, 0, 3)).toEqual(new Set());
    expect(await claim(2, 0, 1)).toEqual(new Set(ids.slice(0, 1)));
    expect(await claim(1, 0, 0)).toEqual(new Set());
  });

  it('answer the newest profile of the users asked for, in the version asked for', async () => {
    const { features, within } = subject;
    await within((tx) => features.saveProfiles(tx, version, [profile(u2, 1), profile(u1, 1)]));
    await within((tx) => features.saveProfiles(tx, version, [profile(u1, 2)]));
    const stranger = { namespace: 'other', userId: 'u2' };
    expect(await within((tx) => features.profiles(tx, version, [u1, stranger]))).toEqual([profile(u1, 2)]);
    expect(await within((tx) => features.profiles(tx, 2, [u1]))).toEqual([]);
    expect(await within((tx) => features.profiles(tx, version, []))).toEqual([]);
  });

  it('answer sessions by id and components by span, each once, and forget those removed', async () => {
    const { features, within } = subject;
    const stored = [
      session(u1, 'g:10:a', 10, 20),
      session(u1, 'g:40:b', 40, 50),
      session(u1, 'g:90:c', 90, 99),
      session(u1, 'c:x', 10, 50),
      session(u2, 'g:10:a', 10, 20),
    ];
    await within((tx) => features.saveSessions(tx, version, stored));
    const wanted = async (sessionIds: string[], components?: { fromAt: number; toAt: number }) => {
      const found = await within((tx) => features.sessions(tx, version, [{ ...u1, sessionIds, components }]));
      return found.map(({ sessionId }) => sessionId).sort();
    };
    expect(await wanted(['c:x', 'g:10:a', 'c:none'])).toEqual(['c:x', 'g:10:a']);
    expect(await wanted(['g:40:b'], { fromAt: 20, toAt: 40 })).toEqual(['g:10:a', 'g:40:b']);
    expect(await wanted([], { fromAt: 21, toAt: 39 })).toEqual([]);
    await within((tx) => features.removeSessions(tx, version, [{ ...u1, sessionId: 'g:10:a' }]));
    await within((tx) => features.saveSessions(tx, version, [session(u1, 'g:40:b', 30, 50)]));
    expect(await wanted([], { fromAt: 0, toAt: 35 })).toEqual(['g:40:b']);
    const [other] = await within((tx) => features.sessions(tx, version, [{ ...u2, sessionIds: ['g:10:a'] }]));
    expect(other).toEqual(session(u2, 'g:10:a', 10, 20));
  });

  it('add counts to those that are there', async () => {
    const count = { namespace: 'default', hour: 472_222, segment: 'home|de', type: 1, sourcePartition: 3 };
    const add = (itemId: string, n: number) =>
      subject.within((tx) => subject.features.addActivity(tx, version, [{ ...count, itemId, count: n }]));
    await add('a', 2);
    await add('b', 1);
    await add('a', 5);
    expect(await subject.counts()).toEqual([
      { itemId: 'a', count: 7 },
      { itemId: 'b', count: 1 },
    ]);
  });

  it('keep the first of two equal exposures', async () => {
    const row = {
      ...u1,
      eventId: 'e',
      kind: 'shown' as const,
      requestId: null,
      variant: null,
      surface: null,
      watchSeconds: null,
      occurredAt: 5,
    };
    const add = (itemId: string, position: number, sources: string[] | null) =>
      subject.within((tx) => subject.exposures.add(tx, version, [{ ...row, itemId, position, sources }]));
    await add('a', 1, ['popular', 'a "b"']);
    await add('a', 2, []);
    await add('b', 3, null);
    await add('c', 4, []);
    expect(await subject.shown()).toEqual([
      { itemId: 'a', position: 1, sources: ['popular', 'a "b"'] },
      { itemId: 'b', position: 3, sources: null },
      { itemId: 'c', position: 4, sources: [] },
    ]);
  });
});

it('a state version that is not there is a fault', async () => {
  await expect(createFeatureStore().settings(db, 99)).rejects.toMatchObject({ code: 'state_version_unknown' });
});
