import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { profileKey } from '../../../../../pipeline/domain/keys.ts';
import { partitionOf } from '../../../../../pipeline/domain/murmur2.ts';
import { refreshStaleMs } from '../../../../../pipeline/domain/refresh-limits.ts';
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

const all = { partitions: [0, 1, 2, 3, 4, 5, 6, 7], limit: 100 };
let harness: Awaited<ReturnType<typeof createCandidatesHarness>>;
beforeEach(async () => {
  harness = await createCandidatesHarness();
  harness.know('a', 'b', 'c');
  await harness.publishSession('u1', clicks('a', 'b'));
  const attempt = await harness.store.beginProjection(version, all.partitions);
  for (const partition of all.partitions) await harness.store.markProjected(version, partition, attempt);
});
afterEach(() => harness.stop());

const waiting = (lane: 'asked' | 'backfill' = 'asked') => harness.refreshQueue.oldest(version, lane, all);
const nobodyWaits = () => eventually(async () => expect(await waiting()).toEqual([]));
const counted = async () => {
  const { values } = await harness.metrics.candidatesRefreshes.get();
  return Object.fromEntries(
    values.filter(({ value }) => value > 0).map(({ labels, value }) => [`${labels.lane} ${labels.result}`, value]),
  );
};

describe('a refresh that was asked for', () => {
  it('makes the list again from the stored profile', async () => {
    harness.world.profiles.push(profile('u9', inSession('s9', clicks('a'))));
    await harness.refreshQueue.ask(version, namespace, 'u9');
    await harness.start('all');
    await nobodyWaits();
    expect(harness.list('u9')?.items).toEqual(['b']);
    expect(await counted()).toEqual({ 'asked done': 1 });
  });

  it('of an unknown user leaves nothing', async () => {
    await harness.refreshQueue.ask(version, namespace, 'stranger');
    await harness.start('all');
    await nobodyWaits();
    expect(harness.list('stranger')).toBeUndefined();
    expect(await counted()).toEqual({ 'asked unknown': 1 });
  });

  it('is dropped when it has waited too long', async () => {
    harness.world.profiles.push(profile('u9', inSession('s9', clicks('a'))));
    await harness.refreshQueue.ask(version, namespace, 'u9');
    harness.world.instant += refreshStaleMs + 1;
    await harness.start('all');
    await nobodyWaits();
    expect(harness.list('u9')).toBeUndefined();
    expect(await counted()).toEqual({ 'asked stale': 1 });
  });

  it('does not overwrite a list that the stage made meanwhile, though both reflect the same event', async () => {
    harness.world.profiles.push(profile('u9', inSession('s9', clicks('a'))));
    harness.world.whilePaging = async () => {
      harness.world.whilePaging = async () => {};
      await harness.candidates.stage.handle([delivery(profile('u9', inSession('s9', clicks('b'))))]);
    };
    await harness.refreshQueue.ask(version, namespace, 'u9');
    await harness.start('all');
    await nobodyWaits();
    expect(harness.list('u9')?.items).toEqual(['a']);
  });

  it('does not bring back a user whom the stage removed meanwhile', async () => {
    harness.world.profiles.push(profile('u9', inSession('s9', clicks('a'))));
    harness.world.whilePaging = async () => {
      harness.world.whilePaging = async () => {};
      await harness.candidates.stage.handle([delivery(null, profileKey(version, namespace, 'u9'))]);
    };
    await harness.refreshQueue.ask(version, namespace, 'u9');
    await harness.start('all');
    await nobodyWaits();
    expect(harness.list('u9')).toBeUndefined();
  });

  it('is left to whoever holds the partition', async () => {
    const mine = partitionOf(profileKey(version, namespace, 'u9'), 8);
    const other = ['x1', 'x2', 'x3', 'x4'].find(
      (userId) => partitionOf(profileKey(version, namespace, userId), 8) !== mine,
    ) as string;
    harness.world.owned = new Set([mine]);
    harness.world.profiles.push(profile('u9', inSession('s9', clicks('a'))), profile(other));
    await harness.refreshQueue.ask(version, namespace, other);
    await harness.refreshQueue.ask(version, namespace, 'u9');
    await harness.start('all');
    await eventually(async () => expect((await waiting()).map(({ userId }) => userId)).toEqual([other]));
    expect(harness.list(other)).toBeUndefined();
  });

  it('goes before a backfill that came earlier', async () => {
    const users = Array.from({ length: 40 }, (_, i) => `b${i}`);
    harness.world.profiles.push(...users.map((userId) => profile(userId)), profile('u9', inSession('s9', clicks('a'))));
    for (const userId of users) harness.refreshQueue.add(version, 'backfill', namespace, userId);
    await harness.refreshQueue.ask(version, namespace, 'u9');
    let leftOfBackfill = -1;
    harness.world.whilePaging = async () => {
      if (leftOfBackfill === -1) leftOfBackfill = (await waiting('backfill')).length;
    };
    await harness.start('all');
    await eventually(async () => expect(await waiting('backfill')).toEqual([]));
    expect(leftOfBackfill).toBe(40);
    expect(await counted()).toEqual({ 'asked done': 1, 'backfill done': 40 });
    expect(harness.list('b39')?.reflects?.receivedAt).toBe(now);
  });
});
