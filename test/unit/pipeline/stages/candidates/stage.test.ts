import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayOf } from '../../../../../pipeline/domain/day.ts';
import { profileKey } from '../../../../../pipeline/domain/keys.ts';
import { TransientError } from '../../../../../pipeline/kernel/errors.ts';
import {
  clicks,
  createCandidatesHarness,
  delivery,
  inSession,
  namespace,
  now,
  profile,
} from '../../../../support/candidates-harness.ts';
import { eventually } from '../../../../support/eventually.ts';

let harness: Awaited<ReturnType<typeof createCandidatesHarness>>;
beforeEach(async () => {
  harness = await createCandidatesHarness();
  harness.know('a', 'b', 'c', 'd');
  await harness.publishSession('u1', clicks('a', 'b'));
  await harness.publishSession('u2', clicks('c', 'd'));
  await harness.publishSession('u3', clicks('a', 'unknown'));
  await harness.start();
  await harness.candidates.ready();
});
afterEach(() => harness.stop());

const handle = (...profiles: ReturnType<typeof profile>[]) =>
  harness.candidates.stage.handle(profiles.map((one) => delivery(one)));

describe('the candidates stage', () => {
  it('writes what follows from the session in the profile, what it follows from and what it reflects', async () => {
    expect(await handle(profile('u9', inSession('s9', clicks('c', 'a'))))).toEqual([{ kind: 'done' }]);
    expect(harness.list('u9')).toEqual({
      reflects: { eventId: 'e-u9', receivedAt: now, occurredAt: now },
      items: ['b', 'c', 'd'],
      because: ['a', 'c', 'c'],
    });
  });

  it('leaves out items that the catalogue does not know', async () => {
    await handle(profile('u9', inSession('s9', clicks('a'))));
    expect(harness.list('u9')?.items).toEqual(['b']);
  });

  it('does not recommend from the session itself, whatever the index has heard of it', async () => {
    await handle(profile('u1', inSession('s', clicks('a', 'b'))));
    expect(harness.list('u1')?.items).toEqual(['a']);
  });

  it('falls back on the history where the session leads nowhere', async () => {
    const recent = clicks('d', 'a').reverse();
    await handle(profile('u9', { ...inSession('s9', clicks('new')), recent }));
    expect(harness.list('u9')?.items).toEqual(['b', 'c', 'd']);
  });

  it('does not follow what was dismissed', async () => {
    const items = [...clicks('c'), { itemId: 'a', type: 'dismiss' as const, occurredAt: now }];
    await handle(profile('u9', inSession('s9', items)));
    expect(harness.list('u9')?.items).toEqual(['d']);
  });

  it('writes an empty list for a profile without interests, for it says what it reflects', async () => {
    const bought = [{ itemId: 'a', occurredAt: now }];
    await handle(profile('u9', { bought, segment: 'home|de', locale: 'de' }));
    expect(harness.list('u9')).toMatchObject({ reflects: { eventId: 'e-u9' }, items: [] });
    expect(harness.summary('u9')).toMatchObject({
      segment: 'home|de',
      locale: 'de',
      bought: [{ item: harness.number('a'), day: dayOf(now) }],
    });
  });

  it('writes the session into the summary, oldest first, known items only', async () => {
    await handle(profile('u9', inSession('s9', clicks('unknown', 'a', 'b'))));
    expect(harness.summary('u9')?.session.map(({ item }) => item)).toEqual([harness.number('a'), harness.number('b')]);
  });

  it('computes only the newest profile of a user in a batch', async () => {
    const before = profile('u9', inSession('s9', clicks('a')));
    const after = profile('u9', { ...inSession('s9', clicks('c')), revision: 2 });
    expect(await handle(before, after)).toHaveLength(2);
    expect(harness.list('u9')?.items).toEqual(['d']);
    const written = await harness.metrics.candidatesLists.get();
    expect(written.values).toEqual([expect.objectContaining({ labels: { kind: 'user' }, value: 1 })]);
  });

  it('deletes both values for a tombstone, also of a user id with a separator in it', async () => {
    await handle(profile('u|9', inSession('s9', clicks('a'))));
    expect(harness.list('u|9')).toBeDefined();
    const outcomes = await harness.candidates.stage.handle([delivery(null, profileKey(1, namespace, 'u|9'))]);
    expect(outcomes).toEqual([{ kind: 'done' }]);
    expect([harness.list('u|9'), harness.summary('u|9')]).toEqual([undefined, undefined]);
  });

  it('skips other state versions and sets aside a tombstone that names nobody', async () => {
    const other = delivery({ ...profile('u9'), stateVersion: 2 });
    const outcomes = await harness.candidates.stage.handle([
      other,
      delivery(null, profileKey(2, namespace, 'u9')),
      delivery(null, Buffer.from('nobody')),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['skip', 'skip', 'dead-letter']);
    expect(harness.store.values.size).toBe(0);
  });

  it('lets an outage through, so that the batch is repeated', async () => {
    harness.store.saveUsers = async () => {
      throw new TransientError('redis_unavailable', 'away');
    };
    await expect(handle(profile('u9'))).rejects.toBeInstanceOf(TransientError);
  });

  it('keeps a user of many candidates within two kibibytes', async () => {
    for (let user = 0; user < 60; user += 1) {
      const ids = Array.from({ length: 5 }, (_, i) => `item-${user}-${i}`);
      harness.know(...ids);
      await harness.publishSession(`many${user}`, clicks('a', ...ids));
    }
    await eventually(async () => {
      await handle(profile('u9', inSession('s9', clicks('a'))));
      expect(harness.list('u9')?.items).toHaveLength(150);
    });
    const bytes = [...harness.store.values.values()].reduce((sum, value) => sum + value.length, 0);
    expect(bytes).toBeLessThan(2_048);
  });
});
