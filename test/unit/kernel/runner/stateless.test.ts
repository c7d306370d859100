import { describe, expect, it } from 'vitest';
import { FreshetError } from '../../../../pipeline/kernel/errors.ts';
import { deadLetter, emit, type Outcome, skip } from '../../../../pipeline/kernel/outcome.ts';
import { createRunner } from '../../../../pipeline/kernel/runner/runner.ts';
import { statelessEffect } from '../../../../pipeline/kernel/runner/stateless.ts';
import type { Delivery } from '../../../../pipeline/kernel/stage.ts';
import { eventually } from '../../../support/eventually.ts';
import {
  createHarness,
  event,
  type Harness,
  hastyClock,
  jsonWriter,
  type TestEvent,
} from '../../../support/runner-harness.ts';

type Handle = (batch: readonly Delivery<TestEvent>[]) => Promise<readonly Outcome<TestEvent>[]>;

const pass = ({ key, value }: Delivery<TestEvent>): Outcome<TestEvent> =>
  emit({ key: key as Buffer, value, eventId: value?.eventId ?? '', occurredAt: 0 });

function runnerOf(harness: Harness, handle: Handle, name = 'stage') {
  const stage = {
    kind: 'stateless',
    name,
    consumes: [{ name: 'in' }],
    stateVersion: 0,
    produces: { name: 'out' },
    handle,
  } as const;
  const effect = statelessEffect<TestEvent, TestEvent>({
    stage,
    progress: harness.progress,
    deadLetters: harness.sink,
    output: { producer: harness.broker.producer, writer: jsonWriter },
    clock: hastyClock,
    eventIdOf: (value) => value.eventId,
  });
  return createRunner(harness.options(effect, name));
}

const numbers = (events: readonly TestEvent[]) => events.map(({ n }) => n).sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('a stateless stage', () => {
  it('sets aside what cannot be decoded, what it refuses and what makes it throw, and nothing else', async () => {
    const harness = await createHarness();
    await harness.produce([event(0), 'not json', event(1), event(2), event(3)]);
    const running = await runnerOf(harness, async (batch) =>
      batch.map((delivery) => {
        if (delivery.value?.n === 1) return deadLetter('invalid', 'refused');
        if (delivery.value?.n === 2) throw new Error('cannot');
        return pass(delivery);
      }),
    ).start(harness.fail);
    await eventually(async () => expect(await harness.nextOffsets()).toEqual([5]));
    await running.stop();
    expect(numbers(harness.outputs())).toEqual([0, 3]);
    expect(
      harness.letters.map(({ offset, reason, message, eventId, attempt }) => [
        offset,
        reason,
        message,
        eventId,
        attempt,
      ]),
    ).toEqual([
      [1n, 'undecodable', 'not JSON', null, 1],
      [2n, 'invalid', 'refused', 'e1', 2],
      [3n, 'unhandled', 'cannot', 'e2', 2],
    ]);
    expect(harness.letters[0]?.record.value?.toString()).toBe('not json');
  });

  it('goes on after a broker outage', async () => {
    const harness = await createHarness();
    await harness.produce(upTo(20).map(event));
    let calls = 0;
    const running = await runnerOf(harness, async (batch) => {
      if (calls++ === 0) harness.broker.setAvailable(false);
      return batch.map(pass);
    }).start(harness.fail);
    await eventually(() => expect(running.status().partitions[0]?.waitingFor).toBe('the broker is away'));
    expect(harness.outputs()).toEqual([]);
    harness.broker.setAvailable(true);
    await eventually(async () => expect(await harness.nextOffsets()).toEqual([20]));
    await running.stop();
    expect(numbers(harness.outputs())).toEqual(upTo(20));
    expect(harness.letters).toEqual([]);
  });

  it('sets aside a delivery whose output does not fit its schema', async () => {
    const harness = await createHarness();
    await harness.produce([event(0), event(1)]);
    const broken = (delivery: Delivery<TestEvent>): Outcome<TestEvent> => pass({ ...delivery, value: event(-1) });
    const running = await runnerOf(harness, async (batch) =>
      batch.map((delivery) => (delivery.value?.n === 0 ? broken(delivery) : pass(delivery))),
    ).start(harness.fail);
    await eventually(async () => expect(await harness.nextOffsets()).toEqual([2]));
    await running.stop();
    expect(harness.letters.map(({ offset, reason }) => [offset, reason])).toEqual([[0n, 'unhandled']]);
    expect(numbers(harness.outputs())).toEqual([1]);
  });

  it('sets aside the delivery whose output the broker refuses, and publishes the others', async () => {
    const harness = await createHarness();
    await harness.broker.admin.configure({ name: 'out', partitions: 1, config: { 'max.message.bytes': '60' } });
    const large = { eventId: 'x'.repeat(100), n: 1 };
    await harness.produce([event(0), large, event(2)]);
    const running = await runnerOf(harness, async (batch) => batch.map(pass)).start(harness.fail);
    await eventually(async () => expect(await harness.nextOffsets()).toEqual([3]));
    await running.stop();
    expect(harness.letters.map(({ offset, reason }) => [offset, reason])).toEqual([[1n, 'unhandled']]);
    expect(new Set(numbers(harness.outputs()))).toEqual(new Set([0, 2]));
  });

  it('waits, instead of setting aside, while its dead letters cannot be published', async () => {
    const harness = await createHarness();
    await harness.produce(['poison', event(1)]);
    let refusals = 3;
    const publish = harness.sink.publish;
    harness.sink.publish = async (letters) => {
      refusals -= 1;
      if (refusals >= 0) throw new FreshetError('topic_unknown', 'no such topic');
      await publish(letters);
    };
    const running = await runnerOf(harness, async (batch) => batch.map(pass)).start(harness.fail);
    await eventually(async () => expect(await harness.nextOffsets()).toEqual([2]));
    await running.stop();
    expect(harness.letters).toHaveLength(1);
  });

  it('counts deliveries by outcome and reason', async () => {
    const harness = await createHarness();
    await harness.produce([event(0), event(1), event(2), 'broken']);
    const running = await runnerOf(harness, async (batch) =>
      batch.map((delivery) => (delivery.value?.n === 0 ? skip('not_needed') : pass(delivery))),
    ).start(harness.fail);
    await eventually(async () => expect(await harness.nextOffsets()).toEqual([4]));
    await running.stop();
    const { values } = await harness.metrics.stageRecords.get();
    expect(
      Object.fromEntries(values.map(({ labels, value }) => [`${labels.outcome}/${labels.reason}`, value])),
    ).toEqual({
      'skip/not_needed': 1,
      'emit/': 2,
      'dead-letter/undecodable': 1,
    });
  });
});
