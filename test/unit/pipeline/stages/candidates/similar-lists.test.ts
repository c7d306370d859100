import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { itemKey, sessionKey } from '../../../../../pipeline/domain/keys.ts';
import { partitionOf } from '../../../../../pipeline/domain/murmur2.ts';
import { clicks, createCandidatesHarness, namespace, version } from '../../../../support/candidates-harness.ts';
import { eventually } from '../../../../support/eventually.ts';

let harness: Awaited<ReturnType<typeof createCandidatesHarness>>;
beforeEach(async () => {
  harness = await createCandidatesHarness();
  harness.know('a', 'b', 'c');
});
afterEach(() => harness.stop());

describe('similar lists', () => {
  it('hold what sessions with the item hold, most shared first', async () => {
    await harness.publishSession('u1', clicks('a', 'b'));
    await harness.publishSession('u2', clicks('a', 'b', 'c'));
    await harness.publishSession('u3', clicks('c', 'unknown'));
    for (let user = 0; user < 5; user += 1) await harness.publishSession(`other${user}`, clicks(`o${user}`));
    await harness.start('all');
    await eventually(() => expect(harness.similar('a')).toEqual(['b', 'c']));
    await eventually(() => expect(harness.similar('c')?.toSorted()).toEqual(['a', 'b']));
  });

  it('follow sessions that change, and go when nothing is similar any more', async () => {
    await harness.publishSession('u1', clicks('a', 'b'));
    await harness.start('all');
    await eventually(() => expect(harness.similar('a')).toEqual(['b']));
    await harness.publishSession('u1', clicks('a', 'c'));
    await eventually(() => expect(harness.similar('a')).toEqual(['c']));
    await eventually(() => expect(harness.similar('b')).toBeUndefined());
    await harness.publish(sessionKey(version, namespace, 'u1', 's'), null);
    await eventually(() => expect(harness.similar('a')).toBeUndefined());
  });

  it('are made by the holder of the item, and by the next holder as soon as there is one', async () => {
    const partition = partitionOf(itemKey(namespace, 'a'), 8);
    expect(partitionOf(itemKey(namespace, 'b'), 8)).not.toBe(partition);
    harness.world.owned.delete(partition);
    await harness.publishSession('u1', clicks('a', 'b'));
    await harness.start('all');
    await eventually(() => expect(harness.similar('b')).toEqual(['a']));
    expect(harness.similar('a')).toBeUndefined();
    harness.world.owned.add(partition);
    await eventually(() => expect(harness.similar('a')).toEqual(['b']));
  });

  it('are made again within the hour, so that items that became known are in', async () => {
    await harness.publishSession('u1', clicks('a', 'late'));
    await harness.start('all');
    await harness.publishSession('u2', clicks('b', 'c'));
    await eventually(() => expect(harness.similar('b')).toEqual(['c']));
    harness.know('late');
    harness.world.monotonic += 3_600_000;
    await eventually(() => expect(harness.similar('a')).toEqual(['late']));
    await eventually(() => expect(harness.similar('late')).toEqual(['a']));
  });

  it('stay below a kibibyte an item', async () => {
    const ids = Array.from({ length: 70 }, (_, i) => `item${i}`);
    harness.know(...ids);
    for (const itemId of ids) await harness.publishSession(itemId, clicks('a', itemId));
    await harness.start('all');
    await eventually(() => expect(harness.similar('a')).toHaveLength(50));
    for (const value of harness.store.values.values()) expect(value.length).toBeLessThan(1_024);
  });
});
