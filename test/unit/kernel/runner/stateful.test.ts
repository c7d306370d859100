import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import { done, type Outcome } from '../../../../pipeline/kernel/outcome.ts';
import { redriveHeader } from '../../../../pipeline/kernel/runner/redrive.ts';
import { createRunner } from '../../../../pipeline/kernel/runner/runner.ts';
import { statefulEffect } from '../../../../pipeline/kernel/runner/stateful.ts';
import type { Delivery } from '../../../../pipeline/kernel/stage.ts';
import type { MemoryTx } from '../../../../pipeline/stores/memory/transactions.ts';
import { eventually } from '../../../support/eventually.ts';
import { createHarness, event, type Harness, hastyClock, type TestEvent } from '../../../support/runner-harness.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

/** State as a stage keeps it: how often each event took effect, undone with its transaction. */
function createCounts() {
  const counts = new Map<number, number>();
  return {
    counts,
    add(tx: MemoryTx, n: number) {
      counts.set(n, (counts.get(n) ?? 0) + 1);
      tx.onUndo(() => counts.set(n, (counts.get(n) ?? 0) - 1));
    },
    effects: () => [...counts].filter(([, count]) => count !== 0).sort(([a], [b]) => a - b),
  };
}

const once = (numbers: readonly number[]) => numbers.map((n) => [n, 1]);

type Apply = (tx: MemoryTx, batch: readonly Delivery<TestEvent>[]) => Promise<readonly Outcome[]>;

function runnerOf(harness: Harness, apply: Apply, { owner = 'test', stateVersion = 3, maxRecords = 50 } = {}) {
  const stage = { kind: 'stateful', name: 'stage', consumes: [{ name: 'in' }], stateVersion, apply } as const;
  const effect = statefulEffect<TestEvent, MemoryTx>({
    stage,
    transactions: harness.transactions,
    progress: harness.progress,
    deadLetters: harness.appender,
    clock: hastyClock,
    eventIdOf: (value) => value.eventId,
  });
  return createRunner({ ...harness.options(effect), stage, owner, limits: { maxRecords, maxBytes: 1_048_576 } });
}

function counting(state: ReturnType<typeof createCounts>, isPoison: (n: number) => boolean = () => false): Apply {
  return async (tx, batch) =>
    batch.map(({ value }) => {
      const { n } = value as TestEvent;
      state.add(tx, n);
      if (isPoison(n)) throw new Error(`poison ${n}`);
      return done;
    });
}

describe('a stateful stage', () => {
  it('isolates whatever records throw, each for one dead letter, and keeps the effect of all others', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: 79 }), { maxLength: 12 }), async (poison) => {
        const harness = await createHarness();
        const state = createCounts();
        await harness.produce(upTo(80).map(event));
        const running = await runnerOf(
          harness,
          counting(state, (n) => poison.includes(n)),
        ).start(harness.fail);
        await eventually(async () => expect(await harness.nextOffsets()).toEqual([80]));
        await running.stop();
        const good = upTo(80).filter((n) => !poison.includes(n));
        expect(state.effects()).toEqual(once(good));
        const set = harness.letters.map(({ offset, reason }) => [Number(offset), reason]);
        expect(set).toEqual([...poison].sort((a, b) => a - b).map((n) => [n, 'unhandled']));
      }),
      { numRuns: 25 },
    );
  });

  it('isolates a long slice piece by piece: what was isolated stays when the rest has to wait', async () => {
    const harness = await createHarness({ fetchRecords: 400 });
    const state = createCounts();
    await harness.produce(upTo(400).map(event));
    const apply = counting(state, (n) => n % 50 === 7);
    let isAway = true;
    const stage: Apply = async (tx, batch) => {
      const reachesFar = batch.some(({ value }) => (value?.n ?? 0) >= 300);
      if (isAway && reachesFar && batch.length < 400) throw new TransientError('away', 'away for now');
      return apply(tx, batch);
    };
    const running = await runnerOf(harness, stage, { maxRecords: 400 }).start(harness.fail);
    await eventually(async () => expect(await harness.nextOffsets()).toEqual([256]));
    isAway = false;
    await eventually(async () => expect(await harness.nextOffsets()).toEqual([400]));
    await running.stop();
    expect(state.effects()).toEqual(once(upTo(400).filter((n) => n % 50 !== 7)));
    expect(harness.letters.map(({ offset }) => Number(offset))).toEqual(upTo(400).filter((n) => n % 50 === 7));
  });

  it('undoes everything and repeats when something is away in the middle', async () => {
    const harness = await createHarness();
    const state = createCounts();
    await harness.produce(upTo(30).map(event));
    let outages = 4;
    const running = await runnerOf(harness, async (tx, batch) => {
      const outcomes = await counting(state)(tx, batch);
      outages -= 1;
      if (outages >= 0) throw new TransientError('away', 'connection terminated unexpectedly');
      return outcomes;
    }).start(harness.fail);
    await eventually(async () => expect(await harness.nextOffsets()).toEqual([30]));
    await running.stop();
    expect(state.effects()).toEqual(once(upTo(30)));
    expect(harness.letters).toEqual([]);
  });

  it('counts once where a commit took effect but its answer was lost', async () => {
    const harness = await createHarness();
    const state = createCounts();
    await harness.produce(upTo(120).map(event));
    const { transaction } = harness.transactions;
    let losses = 3;
    harness.transactions.transaction = async (work) => {
      const result = await transaction(work);
      losses -= 1;
      if (losses >= 0) throw new TransientError('postgres_unavailable', 'answer lost');
      return result;
    };
    const running = await runnerOf(harness, counting(state)).start(harness.fail);
    await eventually(async () => expect(await harness.nextOffsets()).toEqual([120]));
    await running.stop();
    expect(state.effects()).toEqual(once(upTo(120)));
  });

  it('counts once while members come and go and the group rebalances under load', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('join', 'leave', 'rebalance'), { maxLength: 8 }), async (steps) => {
        const harness = await createHarness({ partitions: 4, fetchRecords: 7 });
        const state = createCounts();
        const members = [await runnerOf(harness, counting(state)).start(harness.fail)];
        for (const [at, step] of steps.entries()) {
          await harness.produce(upTo(40).map((n) => event(at * 40 + n)));
          if (step === 'join')
            members.push(await runnerOf(harness, counting(state), { owner: `m${at}` }).start(harness.fail));
          else if (step === 'leave' && members.length > 1) await members.shift()?.stop();
          else harness.broker.rebalance('freshet.stage.v3');
        }
        await eventually(() => expect(state.effects()).toEqual(once(upTo(steps.length * 40))));
        for (const member of members) await member.stop();
        expect(state.effects()).toEqual(once(upTo(steps.length * 40)));
        expect(harness.letters).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('holds a partition whose stored offset lies beyond the end of the log', async () => {
    const harness = await createHarness();
    const key = { stateVersion: 3, stage: 'stage', topic: 'in', partition: 0 };
    await harness.progress.claim({ ...key, owner: 'before', initial: 5n });
    await harness.produce([event(0)]);
    const running = await runnerOf(harness, counting(createCounts())).start(harness.fail);
    await eventually(() => expect(running.unready()).toBe('paused: in/0 (offset_beyond_end)'));
    await running.stop();
    expect(await harness.nextOffsets()).toEqual([5]);
  });
});

describe('a redriven event', () => {
  const redrive = (stateVersion: number) => ({
    [redriveHeader]: Buffer.from(
      JSON.stringify({
        stateVersion,
        stage: 'stage',
        topic: 'in',
        partition: 6,
        offset: '41',
        count: 2,
        firstFailedAt: 1_000,
      }),
    ),
  });

  it('that fails again keeps the key, the count and the first failure of its dead letter', async () => {
    const harness = await createHarness();
    await harness.produce([event(0)], redrive(3));
    const running = await runnerOf(
      harness,
      counting(createCounts(), () => true),
    ).start(harness.fail);
    await eventually(() => expect(harness.letters).toHaveLength(1));
    await running.stop();
    expect(harness.letters[0]).toMatchObject({ partition: 6, offset: 41n, redriveCount: 2, firstFailedAt: 1_000 });
    expect(harness.letters[0]?.record.headers).toEqual({});
  });
});
