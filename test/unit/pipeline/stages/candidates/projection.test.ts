import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { profileKey } from '../../../../../pipeline/domain/keys.ts';
import { partitionOf } from '../../../../../pipeline/domain/murmur2.ts';
import {
  clicks,
  createCandidatesHarness,
  delivery,
  inSession,
  namespace,
  now,
  profile,
  version,
} from '../../../../support/candidates-harness.ts';
import { eventually } from '../../../../support/eventually.ts';

let harness: Awaited<ReturnType<typeof createCandidatesHarness>>;
beforeEach(async () => {
  harness = await createCandidatesHarness();
  harness.know('a', 'b', 'c');
  await harness.publishSession('u1', clicks('a', 'b'));
  harness.world.activity.push({ hour: Math.floor(now / 3_600_000), segment: '|', itemId: 'c', type: 1, count: 1 });
  harness.world.profiles.push(profile('u9', inSession('s9', clicks('a'))));
});
afterEach(() => harness.stop());

const projected = async () => (await harness.store.projected(version)).size;
const everythingIsThere = async () => {
  expect(harness.list('u9')?.items).toEqual(['b']);
  expect(harness.popular('|')).toEqual(['c']);
  expect(harness.similar('a')).toEqual(['b']);
  expect(harness.store.activeVersion).toBe(version);
  expect(await projected()).toBe(8);
};

describe('the projection', () => {
  it('is written whole where the store has none, and marked', async () => {
    await harness.start('all');
    await eventually(everythingIsThere);
  });

  it('comes back after a flush', async () => {
    await harness.start('all');
    await eventually(everythingIsThere);
    harness.store.flush();
    await eventually(everythingIsThere);
  });

  it('is left alone where it is marked', async () => {
    const all = [0, 1, 2, 3, 4, 5, 6, 7];
    const attempt = await harness.store.beginProjection(version, all);
    for (const partition of all) await harness.store.markProjected(version, partition, attempt);
    await harness.start('all');
    await eventually(() => expect(harness.similar('a')).toEqual(['b']));
    expect(harness.list('u9')).toBeUndefined();
  });

  it('vouches only for the partitions this process holds', async () => {
    harness.world.owned = new Set([partitionOf(profileKey(version, namespace, 'u9'), 8)]);
    const elsewhere = ['x1', 'x2', 'x3', 'x4'].find(
      (userId) => !harness.world.owned.has(partitionOf(profileKey(version, namespace, userId), 8)),
    ) as string;
    harness.world.profiles.push(profile(elsewhere, inSession('s', clicks('a'))));
    await harness.start('all');
    await eventually(async () => expect(await harness.store.projected(version)).toEqual(harness.world.owned));
    expect(harness.list('u9')?.items).toEqual(['b']);
    expect(harness.list(elsewhere)).toBeUndefined();
  });

  it('does not overwrite a list that the stage made from a newer profile meanwhile', async () => {
    harness.world.whilePaging = async () => {
      harness.world.whilePaging = async () => {};
      const newer = profile('u9', { lastEvent: { eventId: 'newer', receivedAt: now, occurredAt: now } });
      await harness.candidates.stage.handle([delivery(newer)]);
    };
    await harness.start('all');
    await eventually(async () => expect(await projected()).toBe(8));
    expect(harness.list('u9')?.reflects?.eventId).toBe('newer');
  });

  it('is written again where the store was emptied while it was written', async () => {
    harness.world.whilePaging = async () => {
      harness.world.whilePaging = async () => {};
      harness.store.flush();
    };
    await harness.start('all');
    await eventually(everythingIsThere);
  });

  it('does not take back a promotion that it has just missed', async () => {
    let inTable = version;
    Object.defineProperty(harness.world, 'active', {
      get() {
        const was = inTable;
        inTable = 2;
        harness.store.activeVersion = 2;
        return was;
      },
    });
    await harness.start('all');
    await eventually(async () => expect(await projected()).toBe(8));
    expect(harness.store.activeVersion).toBe(2);
  });

  it('says which version is active only where it is this one', async () => {
    harness.world.active = 2;
    await harness.start('all');
    await eventually(async () => expect(await projected()).toBe(8));
    expect(harness.store.activeVersion).toBeUndefined();
    harness.world.active = version;
    await eventually(() => expect(harness.store.activeVersion).toBe(version));
  });
});
