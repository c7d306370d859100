import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typeNumber } from '../../../../../pipeline/domain/interaction-type.ts';
import { namespaceSettingsSchema } from '../../../../../pipeline/domain/settings.ts';
import { TransientError } from '../../../../../pipeline/kernel/errors.ts';
import { clicks, createCandidatesHarness, now } from '../../../../support/candidates-harness.ts';
import { eventually } from '../../../../support/eventually.ts';

const hour = Math.floor(now / 3_600_000);
let harness: Awaited<ReturnType<typeof createCandidatesHarness>>;
beforeEach(async () => {
  harness = await createCandidatesHarness();
  harness.know('a', 'b', 'c');
});
afterEach(() => harness.stop());

const count = (itemId: string, fields: { hour?: number; segment?: string; type?: number; count?: number } = {}) => {
  harness.world.activity.push({ hour, segment: 'home|de', itemId, type: typeNumber('click'), count: 1, ...fields });
};
/** Several rounds have gone by. */
async function rounds() {
  const before = harness.world.hoursAsked.length;
  await eventually(() => expect(harness.world.hoursAsked.length).toBeGreaterThan(before + 4));
}

describe('popular lists', () => {
  it('are written for each segment and for all together', async () => {
    count('a', { count: 3 });
    count('b', { count: 2 });
    count('b', { segment: 'cart|de', count: 2 });
    await harness.start('all');
    await eventually(() => expect(harness.popular('|')).toEqual(['b', 'a']));
    expect(harness.popular('home|de')).toEqual(['a', 'b']);
    expect(harness.popular('cart|de')).toEqual(['b']);
    expect([...harness.store.popularNames].toSorted()).toEqual(['shop cart|de', 'shop home|de', 'shop |']);
  });

  it('follow what happens now, and are not written again where nothing changed', async () => {
    count('a');
    await harness.start('all');
    await eventually(() => expect(harness.popular('|')).toEqual(['a']));
    await rounds();
    expect(harness.store.told).toHaveLength(2);
    count('b', { count: 5 });
    await eventually(() => expect(harness.popular('|')).toEqual(['b', 'a']));
  });

  it('follow hours far back when sessions touch them', async () => {
    count('a');
    await harness.start('all');
    await harness.candidates.ready();
    await eventually(() => expect(harness.popular('|')).toEqual(['a']));
    count('b', { hour: hour - 200, count: 50 });
    await rounds();
    expect(harness.popular('|')).toEqual(['a']);
    await harness.publishSession('u1', [{ itemId: 'b', type: 'click', occurredAt: (hour - 200) * 3_600_000 }]);
    await eventually(() => expect(harness.popular('|')).toEqual(['b', 'a']));
  });

  it('find late counts within the hour even when no session tells of them', async () => {
    count('a');
    await harness.start('all');
    await eventually(() => expect(harness.popular('|')).toEqual(['a']));
    count('b', { hour: hour - 30, count: 50 });
    harness.world.instant += 3_600_000;
    await eventually(() => expect(harness.popular('|')).toEqual(['b', 'a']));
  });

  it('follow the weights of the namespace', async () => {
    count('a', { count: 3 });
    count('b', { type: typeNumber('purchase') });
    await harness.start('all');
    await eventually(() => expect(harness.popular('|')).toEqual(['b', 'a']));
    harness.world.settings = namespaceSettingsSchema.parse({ weights: { purchase: 0.1 } });
    await eventually(() => expect(harness.popular('|')).toEqual(['a', 'b']));
  });

  it('take an item in as soon as the catalogue knows it', async () => {
    count('late', { count: 9 });
    count('a');
    await harness.start('all');
    await eventually(() => expect(harness.popular('|')).toEqual(['a']));
    harness.know('late');
    await eventually(() => expect(harness.popular('|')).toEqual(['late', 'a']));
  });

  it('lose a segment that has nothing left', async () => {
    count('a', { hour: hour - 2 });
    count('b', { segment: 'cart|de' });
    await harness.start('all');
    await eventually(() => expect(harness.popular('home|de')).toEqual(['a']));
    harness.world.activity.shift();
    harness.world.instant += 3_600_000;
    await eventually(() => expect(harness.popular('home|de')).toBeUndefined());
    expect(harness.popular('|')).toEqual(['b']);
    expect([...harness.store.popularNames]).not.toContain('shop home|de');
  });

  it('are written by the holder of partition 0 only', async () => {
    harness.world.owned.delete(0);
    count('a');
    await harness.start('all');
    await harness.candidates.ready();
    await harness.publishSession('u1', clicks('a', 'b'));
    await eventually(() => expect(harness.similar('a') ?? harness.similar('b')).toBeDefined());
    expect(harness.store.told).toEqual([]);
    harness.world.owned.add(0);
    await eventually(() => expect(harness.popular('|')).toEqual(['a']));
  });

  it('are written once the store is back', async () => {
    const { savePopular } = harness.store;
    let failures = 0;
    harness.store.savePopular = async () => {
      failures += 1;
      throw new TransientError('redis_unavailable', 'away');
    };
    count('a');
    await harness.start('all');
    await eventually(() => expect(failures).toBeGreaterThan(1));
    harness.store.savePopular = savePopular;
    await eventually(() => expect(harness.popular('|')).toEqual(['a']));
    expect(harness.failures).toEqual([]);
  });
});
