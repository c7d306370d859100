import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referenceUser } from '../../../ops/chaos/consumers/reference.ts';
import { stateSettingsSchema } from '../../../pipeline/domain/feature/settings.ts';
import { createAggregation } from '../../../pipeline/stages/aggregation/aggregation.ts';
import type { OutboxRow } from '../../../pipeline/stores/outbox.ts';
import { createAppliedEvents } from '../../../pipeline/stores/postgres/applied-event.ts';
import { type Database, openDatabase, type Tx } from '../../../pipeline/stores/postgres/database.ts';
import { createExposureLog } from '../../../pipeline/stores/postgres/feature-activity.ts';
import { createFeatureStore } from '../../../pipeline/stores/postgres/feature-store.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { deliveries, interaction } from '../../unit/pipeline/stages/aggregation/events.ts';
import { compactedProfiles, compactedSessions, jsonWriters } from '../../unit/pipeline/stages/aggregation/rig.ts';

let workspace: Workspace;
let db: Database;
beforeAll(async () => {
  workspace = await createWorkspace({ name: 'event-time' });
  db = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});
afterAll(async () => {
  await db.close();
  await workspace.close();
});

const minute = 60_000;
const at = 1_700_000_000_000;
const stage = createAggregation<Tx>({
  stateVersion: 1,
  applied: createAppliedEvents(),
  features: createFeatureStore(),
  exposures: createExposureLog(),
  appendOutbox,
  writers: jsonWriters,
});

/** One transaction a batch. */
async function arrive(...batches: readonly (readonly InteractionEnriched[])[]): Promise<void> {
  for (const batch of batches) await db.transaction((tx) => stage.apply(tx, deliveries(batch)));
}

let users = 0;
function shopper() {
  users += 1;
  const userId = `shopper-${users}`;
  return {
    userId,
    event: (minutes: number, fields: Partial<InteractionEnriched> = {}) =>
      interaction({ userId, eventId: `${userId}.${minutes}`, occurredAt: at + minutes * minute, ...fields }),
  };
}

const recordsOf = async (userId: string) => {
  const rows = await db.query<OutboxRow & object>({
    text: `SELECT topic, key, event_id AS "eventId", payload, occurred_at AS "occurredAt" FROM outbox ORDER BY seq`,
  });
  const of = <T extends { userId: string }>(all: T[]) => all.filter((one) => one.userId === userId);
  return { profile: of(compactedProfiles(rows))[0], sessions: of(compactedSessions(rows)) };
};
const storedIds = async (userId: string) => {
  const rows = await db.query<{ id: string }>({
    text: 'SELECT session_id AS id FROM session WHERE user_id = $1 ORDER BY session_id COLLATE "C"',
    values: [userId],
  });
  return rows.map(({ id }) => id);
};
const nameOf = (event: InteractionEnriched) => `g:${event.occurredAt}:${event.eventId}`;

describe('sessions across transactions', () => {
  it('end after the gap and not a millisecond before', async () => {
    const { userId, event } = shopper();
    const [first, within, beyond] = [event(0), event(30), event(60)];
    const late = { ...beyond, occurredAt: beyond.occurredAt + 1 };
    await arrive([first], [within], [late]);
    expect(await storedIds(userId)).toEqual([nameOf(first), nameOf(late)]);
  });

  it('of three are one after a late event in each silence, and the names that are left are tombstoned', async () => {
    const { userId, event } = shopper();
    await arrive([event(0)], [event(50)], [event(100)], [event(75)]);
    expect(await storedIds(userId)).toEqual([nameOf(event(0)), nameOf(event(50))]);
    await arrive([event(25)]);
    expect(await storedIds(userId)).toEqual([nameOf(event(0))]);
    const { sessions, profile } = await recordsOf(userId);
    expect(sessions.map(({ items }) => items.length)).toEqual([5]);
    expect(profile?.currentSession?.sessionId).toBe(nameOf(event(0)));
  });

  it('take the name of an event that comes last and was first', async () => {
    const { userId, event } = shopper();
    await arrive([event(10), event(20)], [event(-15)]);
    expect(await storedIds(userId)).toEqual([nameOf(event(-15))]);
  });
});

describe('clocks that are wrong', () => {
  it('ahead or behind: sessions go by when it happened, the last event by when it was received', async () => {
    const { userId, event } = shopper();
    const ahead = event(4, { receivedAt: at });
    const behind = event(-600, { receivedAt: at + 5 * minute });
    await arrive([ahead], [behind], [event(3, { receivedAt: at + 3 * minute })]);
    const { profile } = await recordsOf(userId);
    expect(profile?.lastEvent.eventId).toBe(behind.eventId);
    expect(profile?.recent.map(({ occurredAt }) => (occurredAt - at) / minute)).toEqual([4, 3, -600]);
    expect(await storedIds(userId)).toEqual([nameOf(behind), nameOf(event(3))]);
  });
});

it('any order of arrival in any transactions, some of them undone and repeated, comes to the reference', async () => {
  const limits = stateSettingsSchema.parse({});
  const minutes = fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 2, maxLength: 25 });
  const arrival = minutes.chain((all) =>
    fc.record({
      order: fc.shuffledSubarray(all, { minLength: all.length }),
      cuts: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
      undone: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
    }),
  );
  const property = fc.asyncProperty(arrival, async ({ order, cuts, undone }) => {
    const { userId, event } = shopper();
    const events = order.map((one) => event(one, { sessionId: one % 7 === 0 ? 's' : null, tags: [`t${one % 3}`] }));
    for (let from = 0, round = 0; from < events.length; round += 1) {
      const batch = events.slice(from, from + (cuts[round % cuts.length] as number));
      if (undone[round % undone.length]) await undo(batch);
      await arrive(batch);
      from += batch.length;
    }
    const expected = referenceUser(events, limits);
    const { profile, sessions } = await recordsOf(userId);
    expect(await storedIds(userId)).toEqual(expected?.sessions.map(({ sessionId }) => sessionId));
    expect(sessions.map(({ sessionId, items }) => [sessionId, items]).sort()).toEqual(
      expected?.sessions.map(({ sessionId, items }) => [sessionId, items]).sort(),
    );
    expect([profile?.recent, profile?.affinity]).toEqual([expected?.recent, expected?.affinity]);
  });
  await fc.assert(property, { numRuns: 25 });
});

async function undo(batch: readonly InteractionEnriched[]): Promise<void> {
  const undone = db.transaction(async (tx) => {
    await stage.apply(tx, deliveries(batch));
    throw new RangeError('undone');
  });
  await expect(undone).rejects.toThrow('undone');
}
