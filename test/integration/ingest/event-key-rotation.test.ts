import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { appendNewEvents } from '../../../pipeline/stores/postgres/event-append.ts';
import { rotateEventKeys } from '../../../pipeline/stores/postgres/event-key-rotation.ts';
import { createIngestStore, ingestSession } from '../../../pipeline/stores/postgres/ingest-store.ts';
import { eventually } from '../../support/eventually.ts';
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
  const scans = () =>
    db.transaction(async (tx) => {
      await tx.query({ text: 'SELECT pg_stat_force_next_flush()' });
      const text = 'SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = $1';
      const [row] = await tx.query<{ seq_scan: bigint; idx_scan: bigint }>({ text, values: [older] });
      return { seq: Number(row?.seq_scan), index: Number(row?.idx_scan) };
    });
  const append = (name: string) =>
    db.transaction(async (tx) => {
      await tx.query({ text: 'SELECT pg_stat_force_next_flush()' });
      await appendNewEvents(
        tx,
        Array.from({ length: 500 }, (_, i) => eventEntry(`${name}-${i}`)),
      );
    });
  const before = await scans();
  for (let round = 0; round < 7; round += 1) await append(`plan-${round}`); // past the five plans made for their values
  const after = await eventually(async () => {
    const now = await scans();
    expect(now.index - before.index).toBeGreaterThanOrEqual(7 * 500);
    return now;
  });
  expect(after.seq).toBe(before.seq);
});
