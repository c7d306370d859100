import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyProfile } from '../../../pipeline/domain/feature/profile.ts';
import { profileBody } from '../../../pipeline/domain/feature/state-text.ts';
import { typeNumber } from '../../../pipeline/domain/interaction-type.ts';
import { createActiveVersions } from '../../../pipeline/stores/postgres/active-version.ts';
import { createActivityReader } from '../../../pipeline/stores/postgres/activity-reader.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { addActivity } from '../../../pipeline/stores/postgres/feature-activity.ts';
import { createFeatureStore } from '../../../pipeline/stores/postgres/feature-store.ts';
import { createItemNumbers } from '../../../pipeline/stores/postgres/item-numbers.ts';
import { createProfilePages } from '../../../pipeline/stores/postgres/profile-pages.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let db: Database;
let queries = 0;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'candidates-readers' });
  db = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});
afterAll(async () => {
  await db?.close();
  await workspace?.close();
});

describe('activity reader', () => {
  const count = {
    namespace: 'shop',
    hour: 100,
    segment: 'home|de',
    itemId: 'a',
    type: 1,
    sourcePartition: 0,
    count: 1,
  };

  it('sums over source partitions, for the hours asked and no others', async () => {
    await addActivity(db, 1, [
      { ...count, count: 2 },
      { ...count, sourcePartition: 3, count: 5 },
      { ...count, hour: 102, type: typeNumber('purchase') },
      { ...count, hour: 103 },
      { ...count, namespace: 'other' },
      { ...count, namespace: 'zoo' },
    ]);
    await addActivity(db, 2, [{ ...count, namespace: 'rebuilt' }]);
    const reader = createActivityReader(db);
    expect(await reader.hours(1, 'shop', [102, 100, 101])).toEqual([
      { hour: 100, segment: 'home|de', itemId: 'a', type: 1, count: 7 },
      { hour: 102, segment: 'home|de', itemId: 'a', type: typeNumber('purchase'), count: 1 },
    ]);
    expect(await reader.hours(1, 'shop', [])).toEqual([]);
    expect(await reader.namespaces(1)).toEqual(['other', 'shop', 'zoo']);
    expect(await reader.namespaces(3)).toEqual([]);
  });
});

describe('profile pages', () => {
  const user = (userId: string) => ({ namespace: 'shop', userId });
  const last = { eventId: 'e', receivedAt: 5, occurredAt: 4, anonymous: false };

  it('answer profiles in key order, and those of users that are asked for', async () => {
    const user0 = { profile: emptyProfile(), sessions: { explicit: new Map(), components: [] } };
    const body = profileBody(user0, last);
    await createFeatureStore().saveProfiles(
      db,
      1,
      ['u1', 'u2', 'u|3'].map((userId) => ({ ...user(userId), revision: 7, body })),
    );
    const pages = createProfilePages(db);
    const first = await pages.after(1, undefined, 2);
    expect(first.map(({ userId }) => userId)).toEqual(['u1', 'u2']);
    expect((await pages.after(1, first.at(-1), 2)).map(({ userId }) => userId)).toEqual(['u|3']);
    const found = await pages.of(1, [user('u|3'), user('nobody'), user('u1')]);
    expect(found.map(({ userId }) => userId).toSorted()).toEqual(['u1', 'u|3']);
    expect(found[0]).toMatchObject({ stateVersion: 1, revision: 7, lastEvent: { eventId: 'e', receivedAt: 5 } });
    expect(await pages.of(1, [])).toEqual([]);
  });
});

describe('item numbers', () => {
  const insert = (namespace: string, itemId: string, number: number) =>
    db.query({
      text: `INSERT INTO item (namespace, item_id, number, revision, available, hidden, body)
             VALUES ($1, $2, $3, 1, true, false, '{}')`,
      values: [namespace, itemId, number],
    });
  const counting = {
    query: <Row extends object>(statement: Parameters<Database['query']>[0]) => {
      queries += 1;
      return db.query<Row>(statement);
    },
  };

  it('are asked for once, and unknown items again after a second', async () => {
    await insert('shop', 'a', 7);
    await insert('other', 'a', 9);
    let instant = 0;
    const numbers = createItemNumbers({ db: counting, monotonic: () => instant });
    expect(await numbers.resolve('shop', ['a', 'late', 'a'])).toEqual(new Map([['a', 7]]));
    await insert('shop', 'late', 8);
    expect(await numbers.resolve('shop', ['a', 'late'])).toEqual(new Map([['a', 7]]));
    expect(queries).toBe(1);
    instant = 1_000;
    expect(await numbers.resolve('shop', ['late', 'a'])).toEqual(
      new Map([
        ['a', 7],
        ['late', 8],
      ]),
    );
    expect(await numbers.resolve('shop', ['a', 'late'])).toHaveProperty('size', 2);
    expect(queries).toBe(2);
    expect(await numbers.resolve('other', ['a'])).toEqual(new Map([['a', 9]]));
  });

  it('stay right when there are more than are remembered', async () => {
    for (let i = 0; i < 20; i += 1) await insert('many', `i${i}`, i + 1);
    const numbers = createItemNumbers({ db, monotonic: () => 0, cacheSize: 4 });
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 20; i += 1)
        expect(await numbers.resolve('many', [`i${i}`])).toEqual(new Map([[`i${i}`, i + 1]]));
    }
  });
});

describe('active version', () => {
  it('is the one that was promoted', async () => {
    const active = createActiveVersions(db);
    expect(await active.current()).toBe(1);
    await db.query({ text: `INSERT INTO state_version (version, settings) VALUES (2, '{}')` });
    await db.query({ text: 'UPDATE active_version SET version = 2' });
    expect(await active.current()).toBe(2);
  });
});
