import { describe, expect, it } from 'vitest';
import { deadLetter, done } from '../../../../pipeline/kernel/outcome.ts';
import { createRunner } from '../../../../pipeline/kernel/runner/runner.ts';
import { statelessEffect } from '../../../../pipeline/kernel/runner/stateless.ts';
import { eventually } from '../../../support/eventually.ts';
import { createHarness, event, type Harness, hastyClock, type TestEvent } from '../../../support/runner-harness.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const key = { stateVersion: 0, stage: 'stage', topic: 'in', partition: 0 };

/** Notes what it is handed, and sets everything aside while `isBad`. */
function rig(harness: Harness, state = { isBad: false }) {
  const handled: number[] = [];
  const stage = {
    kind: 'stateless',
    name: 'stage',
    consumes: [{ name: 'in' }],
    stateVersion: 0,
    handle: async (batch: readonly { readonly value: TestEvent | null }[]) => {
      if (!state.isBad) handled.push(...batch.map(({ value }) => value?.n ?? -1));
      return batch.map(() => (state.isBad ? deadLetter('invalid', 'bad deploy') : done));
    },
  } as const;
  const { progress, sink: deadLetters } = harness;
  const eventIdOf = ({ eventId }: TestEvent) => eventId;
  const effect = statelessEffect<TestEvent, never>({ stage, progress, deadLetters, clock: hastyClock, eventIdOf });
  return { handled, state, runner: createRunner(harness.options(effect)) };
}

describe('an offset that an operator moves', () => {
  it('is taken up on a topic where nothing comes any more', async () => {
    const harness = await createHarness();
    await harness.produce(upTo(60).map(event));
    const { handled, runner } = rig(harness);
    const running = await runner.start(harness.fail);
    await eventually(() => expect(handled).toEqual(upTo(60)));
    await harness.progress.move({ ...key, operator: 'somebody', next: 50n });
    await eventually(() => expect(handled.slice(60)).toEqual(upTo(60).slice(50)));
    await eventually(async () => expect(await harness.nextOffsets()).toEqual([60]));
    await running.stop();
    expect(harness.failures).toEqual([]);
  });

  it('lets a stage that was halted by its dead letters go on, with a limit that has seen nothing', async () => {
    const harness = await createHarness({ partitions: 2 });
    await harness.produce(upTo(400).map(event));
    const { handled, state, runner } = rig(harness, { isBad: true });
    const running = await runner.start(harness.fail);
    await eventually(() => expect(running.status().state).toBe('halted'));
    const setAside = harness.letters.length;
    expect(setAside).toBeLessThanOrEqual(200);
    state.isBad = false;
    for (const partition of [0, 1]) await harness.progress.move({ ...key, partition, operator: 'somebody' });
    await eventually(() => expect(handled.length).toBe(400 - setAside));
    expect(running.status().state).toBe('running');
    expect(running.unready()).toBeUndefined();
    await running.stop();
  });
});
