import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interactionTypes } from '../../../pipeline/domain/interaction-type.ts';
import { eventKeyId } from '../../../pipeline/domain/keys.ts';
import { createAggregation } from '../../../pipeline/stages/aggregation/aggregation.ts';
import type { OutboxRow } from '../../../pipeline/stores/outbox.ts';
import { appliedTimes, createAppliedEvents } from '../../../pipeline/stores/postgres/applied-event.ts';
import { type Database, openDatabase, type Tx } from '../../../pipeline/stores/postgres/database.ts';
import { createExposureLog } from '../../../pipeline/stores/postgres/feature-activity.ts';
import { createFeatureStore } from '../../../pipeline/stores/postgres/feature-store.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { context, deliveries, interaction } from '../../unit/pipeline/stages/aggregation/events.ts';
import {
  compactedProfiles,
  compactedSessions,
  createRig,
  jsonWriters,
} from '../../unit/pipeline/stages/aggregation/rig.ts';

let workspace: Workspace;
let db: Database;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'aggregation' });
  db = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});
afterAll(async () => {
  await db.close();
  await workspace.close();
});

const createStage = () =>
  createAggregation<Tx>({
    stateVersion: 1,
    applied: createAppliedEvents(),
    features: createFeatureStore(),
    exposures: createExposureLog(),
    appendOutbox,
    writers: jsonWriters,
  });

async function outboxRows(): Promise<OutboxRow[]> {
  return db.query<OutboxRow & object>({
    text: `SELECT topic, key, event_id AS "eventId", payload, occurred_at AS "occurredAt" FROM outbox ORDER BY seq`,
  });
}

const seed = 20_260_101;
const fields = fc.record({
  userId: fc.integer({ min: 1, max: 25 }).map((n) => `u${n}`),
  minute: fc.integer({ min: 0, max: 3_000 }),
  receivedAt: fc.integer({ min: 1, max: 1_000 }),
  itemId: fc.integer({ min: 1, max: 60 }).map((n) => `item "${n}"`),
  type: fc.constantFrom(...interactionTypes),
  consent: fc.constantFrom('full', 'full', 'full', 'functional', 'none'),
  sessionId: fc.constantFrom(null, null, 's1'),
  widget: fc.constantFrom(null, null, 'slider'),
});

/** The same every run: 1,200 events of 25 users in two days. */
const events: InteractionEnriched[] = fc
  .sample(fields, { numRuns: 1_200, seed })
  .map(({ minute, widget, ...rest }, i) =>
    interaction({
      ...rest,
      consent: rest.consent as InteractionEnriched['consent'],
      eventId: `e${i}`,
      occurredAt: 1_700_000_000_000 + minute * 60_000,
      context: rest.consent === 'full' ? context({ surface: 'home', widget }) : null,
      tags: ['brand:x', `genre:${i % 7}`],
      locale: 'de',
      segment: 'home|de',
    }),
  );

describe('aggregation over Postgres', () => {
  it('comes to the same records and tables as over memory, in another order and other batches, with repeats', async () => {
    const memory = createRig();
    await memory.stage.apply(undefined, deliveries(events));
    const [order] = fc.sample(fc.shuffledSubarray([...events, ...events.slice(0, 200)], { minLength: 1_400 }), {
      numRuns: 1,
      seed,
    });
    const stage = createStage();
    for (let from = 0; from < 1_400; from += 130) {
      const batch = deliveries((order ?? []).slice(from, from + 130), from, from % 3);
      await db.transaction((tx) => stage.apply(tx, batch));
    }
    const rows = await outboxRows();
    const bare = (all: ReturnType<typeof compactedProfiles>) =>
      all.map(({ revision: _, ...rest }) => rest).sort((a, b) => (a.userId < b.userId ? -1 : 1));
    const sorted = (all: ReturnType<typeof compactedSessions>) =>
      all.sort((a, b) => (`${a.userId} ${a.sessionId}` < `${b.userId} ${b.sessionId}` ? -1 : 1));
    expect(bare(compactedProfiles(rows))).toEqual(bare(compactedProfiles(memory.outbox)));
    expect(sorted(compactedSessions(rows))).toEqual(sorted(compactedSessions(memory.outbox)));
    expect(await activity()).toEqual(memoryActivity(memory.data.activity.values()));
    expect(await count('exposure')).toBe(memory.data.exposures.size);
    expect(await count('session')).toBe(memory.data.sessions.size);
    expect(await count('user_profile')).toBe(memory.data.profiles.size);
    const times = await appliedTimes(
      db,
      1,
      events.map(({ namespace, eventId }) => eventKeyId(namespace, eventId)),
    );
    expect([...times.values()].every((n) => n === 1)).toBe(true);
  });

  it('leaves nothing behind when its transaction is undone', async () => {
    const before = await Promise.all(['outbox', 'user_profile', 'item_activity', 'session'].map(count));
    const stage = createStage();
    const batch = deliveries([interaction({ eventId: 'undone', userId: 'undone', itemId: 'undone' })]);
    const undone = db.transaction(async (tx) => {
      await stage.apply(tx, batch);
      throw new TypeError('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    expect(await Promise.all(['outbox', 'user_profile', 'item_activity', 'session'].map(count))).toEqual(before);
    expect(await db.transaction((tx) => stage.apply(tx, batch))).toEqual([{ kind: 'done' }]);
  });

  it('can be repeated for parts of a batch inside one transaction', async () => {
    const stage = createStage();
    const batch = deliveries(['p1', 'p2', 'p3'].map((eventId) => interaction({ eventId, userId: 'parts' })));
    await db.transaction(async (tx) => {
      const whole = db.savepoint(tx, async () => {
        await stage.apply(tx, batch);
        throw new TypeError('poison');
      });
      await expect(whole).rejects.toThrow('poison');
      for (const one of batch) await db.savepoint(tx, () => stage.apply(tx, [one]));
    });
    const [row] = await db.query({ text: "SELECT revision FROM user_profile WHERE user_id = 'parts'" });
    expect(row).toEqual({ revision: 3n });
  });
});

async function count(table: string): Promise<number> {
  const [row] = await db.query<{ n: number }>({ text: `SELECT count(*)::int AS n FROM ${table}` });
  return row?.n ?? 0;
}

async function activity(): Promise<Record<string, number>> {
  const rows = await db.query<{ key: string; n: number }>({
    text: `SELECT hour || ' ' || segment || ' ' || item_id || ' ' || type AS key, sum(count)::int AS n
             FROM item_activity GROUP BY 1`,
  });
  return Object.fromEntries(rows.map(({ key, n }) => [key, n]));
}

function memoryActivity(
  counts: Iterable<{ hour: number; segment: string; itemId: string; type: number; count: number }>,
) {
  const sums: Record<string, number> = {};
  for (const one of counts) {
    const key = `${one.hour} ${one.segment} ${one.itemId} ${one.type}`;
    sums[key] = (sums[key] ?? 0) + one.count;
  }
  return sums;
}
