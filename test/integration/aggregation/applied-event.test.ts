import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventKeyId } from '../../../pipeline/domain/keys.ts';
import { appliedCount, appliedTimes, createAppliedEvents } from '../../../pipeline/stores/postgres/applied-event.ts';
import { rotateAppliedEvents } from '../../../pipeline/stores/postgres/applied-event-rotation.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

const applied = createAppliedEvents();
let workspace: Workspace;
let db: Database;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'applied' });
  db = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});
afterAll(async () => {
  await db.close();
  await workspace.close();
});
afterEach(() =>
  db
    .query({ text: 'TRUNCATE applied_event_0, applied_event_1, applied_event_2' })
    .then(() => db.query({ text: 'UPDATE applied_event_window SET current = 0, since = now()' })),
);

const ids = Array.from({ length: 500 }, (_, i) => eventKeyId('default', `e${i}`));
const claim = (some: readonly string[]) => db.transaction((tx) => applied.claim(tx, 1, some));
const age = (days: number) =>
  db.query({ text: 'UPDATE applied_event_window SET since = now() - make_interval(days => $1)', values: [days] });

/** For each transaction of this database at the lock, whether it holds it. */
async function locks(): Promise<boolean[]> {
  const rows = await db.query<{ granted: boolean }>({
    text: `SELECT granted FROM pg_locks JOIN pg_database d ON d.oid = database
            WHERE locktype = 'advisory' AND objid = 4712 AND d.datname = current_database()`,
  });
  return rows.map(({ granted }) => granted);
}

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
}

describe('applied events', () => {
  it('go to exactly one of many transactions that claim the same in any order', async () => {
    const reversed = ids.toReversed();
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => claim(i % 2 ? ids : reversed)));
    expect(answers.flatMap((answer) => [...answer]).sort()).toEqual(ids.toSorted());
    expect(await appliedCount(db, 1)).toBe(500n);
  });

  it('are free again when the transaction that claimed them is undone', async () => {
    const undone = db.transaction(async (tx) => {
      await applied.claim(tx, 1, ids);
      throw new TypeError('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    expect((await claim(ids)).size).toBe(500);
  });

  it('are known through two rotations, and forgotten after the third', async () => {
    await claim(ids.slice(0, 1));
    for (const known of [true, true, false]) {
      await age(30);
      expect(await rotateAppliedEvents(db)).toBe(true);
      expect((await appliedTimes(db, 1, ids.slice(0, 1))).get(ids[0] as string)).toBe(known ? 1 : 0);
      if (known) expect(await claim(ids.slice(0, 1))).toEqual(new Set());
    }
  });

  it('stay in their window until it is 30 days old', async () => {
    await age(29);
    expect(await rotateAppliedEvents(db)).toBe(false);
  });

  it('are not given twice by a rotation between two claims that overlap', async () => {
    await age(30);
    const { open, opened } = gate();
    const first = db.transaction(async (tx) => {
      const answer = await applied.claim(tx, 1, ids.slice(0, 1));
      await opened;
      return answer;
    });
    try {
      await eventually(async () => expect(await locks()).toContain(true));
      const rotation = rotateAppliedEvents(db);
      await eventually(async () => expect(await locks()).toContain(false));
      const second = claim(ids.slice(0, 1));
      open();
      expect((await first).size).toBe(1);
      expect(await rotation).toBe(true);
      expect((await second).size).toBe(0);
    } finally {
      open();
    }
  });

  it('can be counted by id and version', async () => {
    await claim(ids.slice(0, 2));
    await db.transaction((tx) => applied.claim(tx, 2, ids.slice(0, 3)));
    expect(await appliedCount(db, 1)).toBe(2n);
    expect([...(await appliedTimes(db, 1, ids.slice(0, 3))).values()]).toEqual([1, 1, 0]);
  });
});
