import fc from 'fast-check';
import { expect, test } from 'vitest';
import { referenceActivity, referenceUser } from '../../../../../ops/chaos/consumers/reference.ts';
import { interactionTypes } from '../../../../../pipeline/domain/interaction-type.ts';
import type { InteractionEnriched } from '../../../../../schemas/generated/interaction-enriched.v1.ts';
import { context, deliveries, interaction } from './events.ts';
import { compactedProfiles, compactedSessions, createRig } from './rig.ts';

const quarterDay = 21_600_000;
/** Small limits, so that a few dozen events meet every cut, and a gap of two time steps. */
const limits = {
  sessionGapMs: 2 * quarterDay,
  sessionItemCap: 4,
  historySize: 6,
  affinityDays: 5,
  affinityLimit: 9,
  itemSetLimit: 3,
};

const eventFields = fc.record({
  userId: fc.constantFrom('u1', 'u1', 'u1', 'u2'),
  step: fc.integer({ min: 0, max: 40 }),
  receivedAt: fc.integer({ min: 1, max: 8 }),
  itemId: fc.constantFrom('a', 'b', 'c', 'd', 'e f', 'ü', null),
  type: fc.constantFrom(...interactionTypes, 'add', 'add', 'purchase', 'purchase', 'purchase'),
  consent: fc.constantFrom('full', 'full', 'full', 'full', 'full', 'full', 'functional', 'none'),
  sessionId: fc.constantFrom(null, null, null, null, 's1', 's2'),
  tags: fc.constantFrom([], ['brand:x'], ['brand:x', 'genre:y z'], ['brand:x', 'brand:x']),
  surface: fc.constantFrom(null, 'home', 'pdp'),
  widget: fc.constantFrom(null, null, 'slider'),
  locale: fc.constantFrom(null, 'de', 'fr'),
  anonymous: fc.boolean(),
});

const history = fc.array(eventFields, { minLength: 1, maxLength: 60, size: 'max' }).map((all) =>
  all.map(
    ({ step, surface, widget, consent, ...fields }, i): InteractionEnriched =>
      interaction({
        ...fields,
        eventId: `e${(i * 7919) % 1_000}`,
        consent: consent as InteractionEnriched['consent'],
        type: fields.itemId === null ? 'custom' : (fields.type as InteractionEnriched['type']),
        occurredAt: 1_700_000_000_000 + step * quarterDay,
        context: consent === 'full' ? context({ surface, widget }) : null,
        segment: `${surface ?? ''}|${fields.locale ?? ''}`,
      }),
  ),
);

/** The history in another order, some events again, cut into batches. */
const arrival = history.chain((events) =>
  fc.record({
    events: fc.constant(events),
    arriving: fc
      .array(fc.constantFrom(...events), { maxLength: 10 })
      .chain((again) => fc.shuffledSubarray([...events, ...again], { minLength: events.length + again.length })),
    batchSizes: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }),
  }),
);

test('state and records depend on the set of events, not on order, batches or repeats', async () => {
  await fc.assert(
    fc.asyncProperty(arrival, async ({ events, arriving, batchSizes }) => {
      const rig = createRig(limits);
      const outcomes = [];
      for (let from = 0, round = 0; from < arriving.length; round += 1) {
        const size = batchSizes[round % batchSizes.length] as number;
        outcomes.push(
          ...(await rig.stage.apply(undefined, deliveries(arriving.slice(from, from + size), from, round % 2))),
        );
        from += size;
      }
      expect(outcomes.filter(({ kind }) => kind === 'done')).toHaveLength(events.length);
      for (const userId of ['u1', 'u2']) expect(stateOf(rig, userId)).toEqual(expectedOf(events, userId));
      expect(activityOf(rig)).toEqual(referenceActivity(events));
      expect(storedSessions(rig)).toEqual(
        compactedSessions(rig.outbox)
          .map(({ sessionId }) => sessionId)
          .sort(),
      );
    }),
    { numRuns: 300, verbose: 1 },
  );
});

function expectedOf(events: readonly InteractionEnriched[], userId: string) {
  return referenceUser(
    events.filter((event) => event.userId === userId),
    limits,
  );
}

function stateOf({ outbox }: ReturnType<typeof createRig>, userId: string) {
  const profile = compactedProfiles(outbox).find((one) => one.userId === userId);
  if (!profile) return undefined;
  const { lastEvent, anonymous, locale, segment, recent, affinity } = profile;
  const pairs = (items: readonly { itemId: string; occurredAt: number }[]) =>
    items.map((one) => [one.itemId, one.occurredAt]);
  const sessions = compactedSessions(outbox)
    .filter((one) => one.userId === userId)
    .map(({ sessionId, firstOccurredAt, lastOccurredAt, items }) => ({
      sessionId,
      firstOccurredAt,
      lastOccurredAt,
      items,
    }))
    .sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
  return {
    lastEvent,
    anonymous,
    locale,
    segment,
    currentSession: profile.currentSession?.sessionId ?? null,
    recent,
    bought: pairs(profile.bought),
    dismissed: pairs(profile.dismissed),
    inCart: pairs(profile.inCart),
    affinity,
    sessions,
  };
}

function activityOf({ data }: ReturnType<typeof createRig>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { namespace, hour, segment, itemId, type, count } of data.activity.values()) {
    const key = [namespace, hour, segment, itemId, interactionTypes[type]].join(' ');
    sums[key] = (sums[key] ?? 0) + count;
  }
  return sums;
}

const storedSessions = ({ data }: ReturnType<typeof createRig>) =>
  [...data.sessions.values()].map(({ sessionId }) => sessionId).sort();
