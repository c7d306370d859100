import { expect, it } from 'vitest';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import { createRunner } from '../../../../pipeline/kernel/runner/runner.ts';
import { eventually } from '../../../support/eventually.ts';
import { createHarness } from '../../../support/runner-harness.ts';

it('a stage that is stopped while its store is away has not failed', async () => {
  const harness = await createHarness();
  let claims = 0;
  const { promise: slow, resolve: answer } = Promise.withResolvers<readonly never[]>();
  const progress = {
    ...harness.progress,
    claim: async () => {
      claims += 1;
      throw new TransientError('postgres_unavailable', 'away');
    },
    moved: () => slow, // still asked when the stage is told to stop, so that its consumer goes on for a moment
  };
  const effect = () => expect.unreachable('nothing is claimed');
  const running = await createRunner({ ...harness.options(effect), progress }).start(harness.fail);
  await eventually(() => expect(claims).toBeGreaterThan(2));
  const stopped = running.stop();
  const before = claims;
  let looks = 0;
  await eventually(() => expect(++looks).toBeGreaterThan(5)); // time for the claim to give up
  answer([]);
  await stopped;
  expect(claims - before).toBeLessThanOrEqual(1);
  expect(harness.failures).toEqual([]);
});
