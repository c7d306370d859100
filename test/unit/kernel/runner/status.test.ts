import { expect, it } from 'vitest';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import { deadLetter, done, skip } from '../../../../pipeline/kernel/outcome.ts';
import { createRunner } from '../../../../pipeline/kernel/runner/runner.ts';
import { statelessEffect } from '../../../../pipeline/kernel/runner/stateless.ts';
import type { StatelessStage } from '../../../../pipeline/kernel/stage.ts';
import { eventually } from '../../../support/eventually.ts';
import { createHarness, event, type Harness, hastyClock, type TestEvent } from '../../../support/runner-harness.ts';

function runnerOf(harness: Harness, handle: StatelessStage<TestEvent>['handle']) {
  const stage = { kind: 'stateless', name: 'stage', consumes: [{ name: 'in' }], stateVersion: 0, handle } as const;
  const { progress, sink: deadLetters } = harness;
  const effect = statelessEffect<TestEvent, never>({
    stage,
    progress,
    deadLetters,
    clock: hastyClock,
    eventIdOf: ({ eventId }) => eventId,
  });
  return createRunner(harness.options(effect));
}

it('a runner tells what it has done since it started, and the metrics say the same', async () => {
  const harness = await createHarness();
  await harness.produce([event(0), 'not json', event(1), event(2), event(3)]);
  const outcomes = [done, skip('late'), deadLetter('invalid', 'bad'), done];
  const running = await runnerOf(harness, async (batch) =>
    batch.map(({ value }) => outcomes[value?.n ?? 0] ?? done),
  ).start(harness.fail);
  await eventually(async () => expect(await harness.nextOffsets()).toEqual([5]));
  await eventually(() => expect(running.status().counts.processed).toBe(2));
  expect(running.status()).toMatchObject({
    name: 'stage',
    topics: ['in'],
    state: 'running',
    counts: { processed: 2, skipped: { late: 1 }, deadLettered: { invalid: 1, undecodable: 1 } },
    partitions: [{ partition: 0, next: '5', lag: 0, lagSeconds: 0, stalledSeconds: 0 }],
  });
  expect(running.status().batches.records).toBe(5);
  const text = await harness.metrics.registry.metrics();
  expect(text).toContain(
    'freshet_stage_decode_failures_total{stage="stage",version="0",topic="in",reason="undecodable"} 1',
  );
  expect(text).toContain('freshet_stage_assignment_seconds_count{stage="stage",version="0"} 1');
  await running.stop();
});

it('a partition that waits says for what, and how old its next record is', async () => {
  const harness = await createHarness();
  const stuck = async (): Promise<never> => {
    throw new TransientError('away', 'the catalogue is away');
  };
  const running = await runnerOf(harness, stuck).start(harness.fail);
  await harness.produce([event(0), event(1)]);
  await eventually(() => {
    const { partitions, lastError, lastErrorAt } = running.status();
    expect(partitions).toMatchObject([{ lag: 2, waitingFor: 'the catalogue is away' }]);
    expect(partitions[0]?.lagSeconds).toBeGreaterThan(0);
    expect({ lastError, isDated: lastErrorAt !== undefined }).toEqual({
      lastError: 'the catalogue is away',
      isDated: true,
    });
  });
  await running.stop();
});
