import { describe, expect, it } from 'vitest';
import { topics } from '../../../../../schemas/topics.ts';
import { context, deliveries, interaction } from './events.ts';
import { compactedProfiles, compactedSessions, createRig } from './rig.ts';

const minute = 60_000;
const at = 1_700_000_000_000;

async function applied(...events: Parameters<typeof interaction>[0][]) {
  const rig = createRig();
  await rig.stage.apply(undefined, deliveries(events.map(interaction)));
  return rig;
}

describe('aggregation', () => {
  it('counts a redelivered event once and says so', async () => {
    const rig = createRig();
    const event = interaction({ eventId: 'a' });
    const first = await rig.stage.apply(undefined, deliveries([event, event]));
    const second = await rig.stage.apply(undefined, deliveries([event], 2));
    expect(first).toEqual([{ kind: 'done' }, { kind: 'skip', reason: 'duplicate' }]);
    expect(second).toEqual([{ kind: 'skip', reason: 'duplicate' }]);
    expect([...rig.data.activity.values()].map(({ count }) => count)).toEqual([1]);
    expect(rig.outbox.filter(({ topic }) => topic === topics.profileUpdated.name)).toHaveLength(1);
  });

  it('writes one profile record a user and batch, reflecting the event received last', async () => {
    const { outbox } = await applied(
      { eventId: 'a', receivedAt: at + 2 },
      { eventId: 'c', receivedAt: at + 3, occurredAt: at - 9 },
      { eventId: 'b', receivedAt: at + 3 },
      { eventId: 'd', userId: 'u2' },
    );
    const profiles = outbox.filter(({ topic }) => topic === topics.profileUpdated.name);
    expect(profiles.map(({ key }) => key.toString())).toEqual(['1|default|u1', '1|default|u2']);
    const [first] = compactedProfiles(outbox);
    expect(first?.lastEvent).toEqual({ eventId: 'c', receivedAt: at + 3, occurredAt: at - 9 });
    expect(first?.revision).toBe(1);
  });

  it('gives derived records ids that a repeated transaction gives again and no other record has', async () => {
    const events = [interaction({ eventId: 'a' }), interaction({ eventId: 'b', sessionId: 's', userId: 'u2' })];
    const [one, two] = [createRig(), createRig()];
    for (const rig of [one, two]) await rig.stage.apply(undefined, deliveries(events));
    await two.stage.apply(undefined, deliveries([interaction({ eventId: 'c' })], 2));
    const ids = two.outbox.map(({ eventId }) => eventId);
    expect(ids.slice(0, one.outbox.length)).toEqual(one.outbox.map(({ eventId }) => eventId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names the state version in keys, records and ids', async () => {
    const rig = createRig({}, 7);
    await rig.stage.apply(undefined, deliveries([interaction({ eventId: 'a' })]));
    expect(rig.outbox.every(({ key, eventId }) => key.toString().startsWith('7|') && /^[ps]:7:/.test(eventId))).toBe(
      true,
    );
    expect(compactedProfiles(rig.outbox)[0]?.stateVersion).toBe(7);
    expect(rig.stage.stateVersion).toBe(7);
  });

  it('sets aside an event that state cannot hold, and applies the rest', async () => {
    const rig = createRig();
    const outcomes = await rig.stage.apply(
      undefined,
      deliveries([interaction({ eventId: 'a', itemId: 'x\ny' }), interaction({ eventId: 'b' })]),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['dead-letter', 'done']);
    expect(rig.data.applied.size).toBe(1);
  });

  it('skips a tombstone', async () => {
    const rig = createRig();
    const [delivery] = deliveries([interaction({ eventId: 'a' })]);
    if (!delivery) throw new Error('no delivery');
    expect(await rig.stage.apply(undefined, [{ ...delivery, value: null }])).toEqual([
      { kind: 'skip', reason: 'tombstone' },
    ]);
  });
});

describe('consent', () => {
  it('functional keeps bought, dismissed, cart and the last event, and nothing else', async () => {
    const { outbox, data } = await applied(
      { eventId: 'a', type: 'purchase', itemId: 'bought', consent: 'functional', tags: ['brand:x'], locale: 'de' },
      { eventId: 'b', type: 'dismiss', itemId: 'dismissed', consent: 'functional' },
      { eventId: 'c', type: 'add', itemId: 'added', consent: 'functional', sessionId: 's' },
      { eventId: 'd', type: 'click', itemId: 'clicked', consent: 'functional' },
    );
    const [profile] = compactedProfiles(outbox);
    expect(profile).toMatchObject({
      lastEvent: { eventId: 'd' },
      locale: null,
      segment: '|',
      currentSession: null,
      recent: [],
      affinity: [],
      bought: [{ itemId: 'bought' }],
      dismissed: [{ itemId: 'dismissed' }],
      inCart: [{ itemId: 'added' }],
    });
    expect(data.sessions.size + data.exposures.size).toBe(0);
    expect(data.activity.size).toBe(4);
  });

  it('none leaves a count and no trace of the user', async () => {
    const { outbox, data } = await applied({ eventId: 'a', consent: 'none', sessionId: 's', type: 'purchase' });
    expect(outbox).toEqual([]);
    expect(data.profiles.size + data.sessions.size + data.exposures.size).toBe(0);
    expect([...data.activity.values()].map(({ count }) => count)).toEqual([1]);
  });
});

describe('an impression item', () => {
  const shown = {
    eventId: 's',
    type: 'view' as const,
    context: context({ surface: 'home', widget: 'slider', rank: 3 }),
  };

  it('is exposure and moves the last event, but is no interest', async () => {
    const { outbox, data } = await applied({ ...shown, requestId: 'r', tags: ['brand:x'] });
    expect([...data.exposures.values()]).toMatchObject([{ kind: 'shown', itemId: 'i1', position: 3, requestId: 'r' }]);
    expect(compactedProfiles(outbox)[0]).toMatchObject({
      recent: [],
      affinity: [],
      currentSession: null,
      lastEvent: { eventId: 's' },
    });
    expect(data.activity.size + data.sessions.size).toBe(0);
  });

  it('is not one on a product page', async () => {
    const { data } = await applied({ ...shown, context: context({ surface: 'pdp', widget: 'slider' }) });
    expect(data.exposures.size).toBe(0);
    expect(data.activity.size).toBe(1);
  });

  it('finds its match in clicks, watches and purchases', async () => {
    const types = ['view', 'click', 'add', 'purchase', 'watch', 'like'] as const;
    const { data } = await applied(...types.map((type) => ({ eventId: type, type })));
    expect([...data.exposures.values()].map(({ kind, eventId }) => `${kind} ${eventId}`)).toEqual([
      'acted click',
      'acted purchase',
      'acted watch',
    ]);
  });
});

describe('sessions', () => {
  it('join two components that a late event bridges, and tombstone the later name', async () => {
    const rig = createRig();
    const early = interaction({ eventId: 'e1', occurredAt: at });
    const later = interaction({ eventId: 'e3', occurredAt: at + 50 * minute });
    await rig.stage.apply(undefined, deliveries([early, later]));
    expect(compactedSessions(rig.outbox)).toHaveLength(2);
    await rig.stage.apply(undefined, deliveries([interaction({ eventId: 'e2', occurredAt: at + 25 * minute })], 2));
    const [session, ...others] = compactedSessions(rig.outbox);
    expect(others).toEqual([]);
    expect(session).toMatchObject({ sessionId: `g:${at}:e1`, firstOccurredAt: at, lastOccurredAt: at + 50 * minute });
    expect(session?.items).toHaveLength(3);
    expect([...rig.data.sessions.values()].map(({ sessionId }) => sessionId)).toEqual([`g:${at}:e1`]);
  });

  it('are named anew by a late event that comes first', async () => {
    const rig = createRig();
    await rig.stage.apply(undefined, deliveries([interaction({ eventId: 'b', occurredAt: at })]));
    await rig.stage.apply(undefined, deliveries([interaction({ eventId: 'a', occurredAt: at - minute })], 1));
    expect(compactedSessions(rig.outbox).map(({ sessionId }) => sessionId)).toEqual([`g:${at - minute}:a`]);
    expect(compactedProfiles(rig.outbox)[0]?.currentSession).toMatchObject({ sessionId: `g:${at - minute}:a` });
  });

  it('of one client id are apart for two users, however long the silence', async () => {
    const { outbox } = await applied(
      { eventId: 'a', sessionId: 's', occurredAt: at },
      { eventId: 'b', sessionId: 's', occurredAt: at + 600 * minute },
      { eventId: 'c', sessionId: 's', userId: 'u2' },
    );
    expect(compactedSessions(outbox).map(({ userId, sessionId, items }) => [userId, sessionId, items.length])).toEqual([
      ['u1', 'c:s', 2],
      ['u2', 'c:s', 1],
    ]);
  });

  it('keep the newest items, and their name when the item it came from is cut', async () => {
    const events = Array.from({ length: 1_000 }, (_, i) => ({
      eventId: `e${i}`,
      itemId: `i${i}`,
      occurredAt: at + i * 1_000,
    }));
    const { outbox } = await applied(...events);
    const [session] = compactedSessions(outbox);
    expect(session?.sessionId).toBe(`g:${at}:e0`);
    expect(session?.items.map(({ itemId }) => itemId)).toEqual(events.slice(-200).map(({ itemId }) => itemId));
    expect(compactedProfiles(outbox)[0]?.recent[0]?.itemId).toBe('i999');
  });

  it('grow by an interaction without an item, which adds nothing to them', async () => {
    const { outbox } = await applied(
      { eventId: 'a' },
      { eventId: 'b', type: 'custom', itemId: null, occurredAt: at + 25 * minute },
    );
    expect(compactedSessions(outbox)[0]).toMatchObject({ lastOccurredAt: at + 25 * minute, items: [{ itemId: 'i1' }] });
  });
});
