import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { appendNewEvents } from '../../../pipeline/stores/postgres/event-append.ts';
import { rotateEventKeys } from '../../../pipeline/stores/postgres/event-key-rotation.ts';
import { createIngestStore, ingestSession } from '../../../pipeline/stores/postgres/ingest-store.ts';
import { eventEntry } from '../../support/ingest-entries.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let db: Database;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'event-keys' });
  const url = workspace.config.FRESHET_POSTGRES_URL;
  db = openDatabase({ url, settings: ingestSession, onIdleError: () => undefined });
});

afterAll(async () => {
  await db.close();
  await workspace.close();
});

const age = (days: number) =>
  db.query({ text: `UPDATE event_key_window SET since = now() - make_interval(days => $1)`, values: [days] });
const send = async (id: string) => (await createIngestStore(db).append([eventEntry(id)]))[0];

it('a window stays current for 15 days', async () => {
  await age(14);
  expect(await rotateEventKeys(db)).toBe(false);
});

it('a key is known for two more windows and forgotten after them', async () => {
  expect(await send('old')).toBe('accepted');
  for (const expected of ['duplicate', 'duplicate', 'accepted']) {
    await age(15);
    expect(await rotateEventKeys(db)).toBe(true);
    expect(await rotateEventKeys(db)).toBe(false);
    expect(await send('old')).toBe(expected);
  }
});

it('a key never goes into two windows, whatever batches and rotations run at once', async () => {
  const ids = Array.from({ length: 50 }, (_, i) => `race-${i}`);
  const store = createIngestStore(db);
  const results: string[] = [];
  const sender = async () => {
    for (let round = 0; round < 30; round += 1) {
      const entries = ids.map((id) => eventEntry(`${id}-${round}`));
      results.push(...(await store.append(entries)));
    }
  };
  // Two rotations lie within what a key is known for; a third would rightly forget it.
  const rotate = async () => {
    for (let i = 0; i < 2; i += 1) {
      await age(15);
      await rotateEventKeys(db);
    }
  };
  await Promise.all([sender(), sender(), sender(), rotate()]);
  expect(results.filter((result) => result === 'accepted')).toHaveLength(50 * 30);
});

it('the check for older keys walks their primary keys, not the windows', async () => {
  const [window] = await db.query<{ current: number }>({ text: 'SELECT current FROM event_key_window' });
  const older = `event_key_${((window?.current ?? 0) + 1) % 3}`;
  await db.query({ text: `INSERT INTO ${older} SELECT gen_random_uuid() FROM generate_series(1, 20000)` });
  await db.transaction(async (tx) => {
    // What this backend did and has not reported yet: no other one's scans, and no waiting for reports.
    const scans = async () => {
      const text = 'SELECT seq_scan::int, idx_scan::int FROM pg_stat_xact_user_tables WHERE relname = $1';
      const [row] = await tx.query<{ seq_scan: number; idx_scan: number }>({ text, values: [older] });
      return row ?? { seq_scan: 0, idx_scan: 0 };
    };
    const before = await scans();
    // Past the five plans that are made for their values.
    for (let round = 0; round < 7; round += 1) {
      await appendNewEvents(
        tx,
        Array.from({ length: 500 }, (_, i) => eventEntry(`plan-${round}-${i}`)),
      );
    }
    const after = await scans();
    expect([after.seq_scan - before.seq_scan, after.idx_scan - before.idx_scan]).toEqual([0, 7 * 500]);
  });
});
