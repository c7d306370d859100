import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionKey } from '../../../../../pipeline/domain/keys.ts';
import { topics } from '../../../../../schemas/topics.ts';
import {
  clicks,
  createCandidatesHarness,
  delivery,
  inSession,
  namespace,
  profile,
  version,
} from '../../../../support/candidates-harness.ts';
import { eventually } from '../../../../support/eventually.ts';

let harness: Awaited<ReturnType<typeof createCandidatesHarness>>;
beforeEach(async () => {
  harness = await createCandidatesHarness();
  harness.know('a', 'b', 'c', 'd');
});
afterEach(() => harness.stop());

/** What someone who looks at `a` is recommended. */
async function afterA() {
  await harness.candidates.stage.handle([delivery(profile('asking', inSession('s', clicks('a'))))]);
  return harness.list('asking')?.items;
}

describe('the session feed', () => {
  it('is ready once the index holds what was in every partition at start', async () => {
    for (let user = 0; user < 40; user += 1)
      await harness.publishSession(`u${user}`, clicks('a', user % 2 ? 'b' : 'c'));
    await harness.start();
    expect(harness.unready()).toContain('session index is loading');
    await harness.candidates.ready();
    expect(harness.unready()).toBeUndefined();
    expect((await afterA())?.toSorted()).toEqual(['b', 'c']);
  });

  it('is ready at once where the topic is empty', async () => {
    await harness.start();
    await harness.candidates.ready();
    expect(await afterA()).toEqual([]);
  });

  it('counts offsets that compaction, markers and retention have emptied as passed', async () => {
    await harness.publishSession('u1', clicks('a', 'b'));
    for (let partition = 0; partition < 8; partition += 1)
      harness.broker.logOf(topics.sessionUpdated.name, partition).skip(3);
    const retained = harness.broker.logOf(topics.sessionUpdated.name, 0);
    retained.skip(5);
    retained.truncate(retained.high);
    await harness.start();
    await harness.candidates.ready();
    expect(await afterA()).toEqual(['b']);
  });

  it('follows sessions that change and go after it was ready', async () => {
    await harness.publishSession('u1', clicks('a', 'b'));
    await harness.start();
    await harness.candidates.ready();
    await harness.publishSession('u1', clicks('a', 'b', 'c'));
    await eventually(async () => expect((await afterA())?.toSorted()).toEqual(['b', 'c']));
    await harness.publish(sessionKey(version, namespace, 'u1', 's'), null);
    await eventually(async () => expect(await afterA()).toEqual([]));
  });

  it('leaves out other state versions, and what it cannot read, with a count', async () => {
    await harness.publishSession('u1', clicks('a', 'b'), 2);
    await harness.publish(sessionKey(version, namespace, 'u2', 's'), 'poison');
    await harness.publish(Buffer.from('no key of ours'), 'poison');
    await harness.publishSession('u3', clicks('a', 'c'));
    await harness.start();
    await harness.candidates.ready();
    expect(await afterA()).toEqual(['c']);
    const counted = await harness.metrics.stageRecords.get();
    expect(counted.values.map(({ labels, value }) => [labels.reason, value]).toSorted()).toEqual([
      ['invalid_key', 1],
      ['undecodable', 1],
    ]);
  });

  it('waits for a broker that is away at start', async () => {
    await harness.publishSession('u1', clicks('a', 'b'));
    harness.broker.setAvailable(false);
    await harness.start();
    expect(harness.unready()).toContain('loading');
    harness.broker.setAvailable(true);
    await harness.candidates.ready();
    expect(await afterA()).toEqual(['b']);
  });

  it('stops while the broker is away, without a fault', async () => {
    harness.broker.setAvailable(false);
    await harness.start();
    await harness.stop();
    expect(harness.failures).toEqual([]);
  });

  it('stops although the broker never answers the deletion of its group', async () => {
    harness.broker.admin.deleteGroup = () => new Promise(() => {});
    await harness.start();
    await harness.candidates.ready();
    await harness.stop();
    expect(harness.failures).toEqual([]);
  });
});
