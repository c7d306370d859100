import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsumerFactory, RawBatch } from '../../pipeline/broker/consumer.ts';
import { TransientError } from '../../pipeline/kernel/errors.ts';
import { done, emit, type Outcome, skip } from '../../pipeline/kernel/outcome.ts';
import { redriveHeader } from '../../pipeline/kernel/runner/redrive.ts';
import type { Delivery } from '../../pipeline/kernel/stage.ts';
import { eventually } from '../support/eventually.ts';
import { openBench } from '../support/runner-bench.ts';
import { event, type TestEvent } from '../support/runner-harness.ts';
import { openMemoryRig, openRealRig, type RunnerRig } from '../support/runner-rigs.ts';

const upTo = (count: number, from = 0) => Array.from({ length: count - from }, (_, n) => from + n);
const once = (numbers: readonly number[]) => numbers.map((n) => [n, 1]);
const withinMs = 20_000;

describe.each([
  ['memory', openMemoryRig as () => Promise<RunnerRig>],
  ['Kafka and Postgres', openRealRig as () => Promise<RunnerRig>],
])('a runner (%s)', (_, open) => {
  let rig: RunnerRig;
  beforeAll(async () => {
    rig = await open();
  });
  afterAll(() => rig?.close());

  const setUp = (partitions?: number) => openBench(rig, partitions);
  const pass = ({ key, value }: Delivery<TestEvent>): Outcome<TestEvent> =>
    emit({ key: key as Buffer, value, eventId: value?.eventId ?? '', occurredAt: 0 });

  it('gives each event its effect once, and marks everything', async () => {
    const bench = await setUp(4);
    await bench.produce(upTo(500).map(event));
    const running = await bench.start(bench.stateful());
    await eventually(async () => expect(await bench.counted()).toEqual(once(upTo(500))), { withinMs });
    await running.stop();
    expect(await bench.next()).toEqual(await bench.ends());
    expect(bench.failures).toEqual([]);
  });

  it('publishes what a stateless stage emits, then marks the offset', async () => {
    const bench = await setUp(2);
    await bench.produce(upTo(120).map(event));
    const running = await bench.start(bench.stateless(async (batch) => batch.map(pass)));
    await eventually(async () => expect(await bench.next()).toEqual(await bench.ends()), { withinMs });
    await running.stop();
    expect(await bench.emitted()).toBe(120);
  });

  it('starts at the stored offset, whatever the group committed, and passes what lies before it', async () => {
    const bench = await setUp();
    await bench.produce(upTo(40).map(event));
    const first = await bench.start(bench.stateful());
    await eventually(async () => expect(await bench.counted()).toEqual(once(upTo(40))), { withinMs });
    await first.stop();
    const move = { stateVersion: 0, ...bench.key, owner: 'operator', initial: 0n };
    const { epoch } = await rig.progress.claim(move);
    await rig.progress.advance(undefined, { ...move, epoch, expected: 40n, next: 30n });
    const second = await bench.start(bench.stateful());
    const twice = upTo(40).map((n) => [n, n < 30 ? 1 : 2]);
    await eventually(async () => expect(await bench.counted()).toEqual(twice), { withinMs });
    await second.stop();
  });

  it('accepts offsets that hold nothing, and goes on where the log begins', async () => {
    const bench = await setUp();
    await bench.produce([event(0), event(1)]);
    await rig.truncate(bench.topic, 0, 1n);
    await rig.gap(bench.topic, 0);
    await bench.produce([event(2)]);
    await rig.gap(bench.topic, 0);
    const running = await bench.start(bench.stateful());
    await eventually(async () => expect(await bench.next()).toEqual([7]), { withinMs });
    expect(running.status().partitions[0]?.lag).toBe(0);
    await running.stop();
    expect(await bench.counted()).toEqual(once([1, 2]));
  });

  it('starts at the end where it is told to, and only where it has no offset yet', async () => {
    const bench = await setUp();
    await bench.produce(upTo(10).map(event));
    const latest = () => bench.stateful(undefined, { autoOffsetReset: 'latest' });
    const running = await bench.start(latest());
    await eventually(async () => expect(await bench.next()).toEqual([10]), { withinMs });
    await running.stop();
    await bench.produce([event(10)]);
    const again = await bench.start(latest());
    await eventually(async () => expect(await bench.counted()).toEqual([[10, 1]]), { withinMs });
    await again.stop();
  });

  it('gives nothing an effect once another owner has taken the offset, and goes on where that one stopped', async () => {
    const bench = await setUp();
    await bench.produce(upTo(100).map(event));
    const key = { stateVersion: 0, ...bench.key };
    let isTaken = false;
    const running = await bench.start(
      bench.stateless(async (batch) => {
        if (!isTaken) {
          isTaken = true;
          const { epoch, nextOffset } = await rig.progress.claim({ ...key, owner: 'other', initial: 0n });
          await rig.progress.advance(undefined, { ...key, epoch, expected: nextOffset, next: 70n });
        }
        return batch.map(() => skip('seen'));
      }),
    );
    await eventually(async () => expect(await bench.next()).toEqual([100]), { withinMs });
    await running.stop();
  });

  it('counts nothing twice for a member that does not know that it was replaced', async () => {
    const bench = await setUp();
    await bench.produce(upTo(100).map(event));
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const zombie = await bench.start(
      bench.stateful(async (batch) => {
        entered.resolve();
        await leave.promise;
        return batch.map(() => done);
      }),
    );
    await entered.promise;
    const key = { stateVersion: 0, ...bench.key };
    // The zombie's transaction holds the row of its offset: what claims it waits for its end.
    const taking = rig.progress.claim({ ...key, owner: 'successor', initial: 0n });
    leave.resolve();
    const { epoch, nextOffset } = await taking;
    await rig.progress.advance(undefined, { ...key, epoch, expected: nextOffset, next: 90n });
    await eventually(async () => expect(await bench.next()).toEqual([100]), { withinMs });
    await zombie.stop();
    const counted = await bench.counted();
    expect(counted.filter(([, times]) => times !== 1)).toEqual([]);
    expect(counted.map(([n]) => n)).toEqual([...upTo(Number(nextOffset)), ...upTo(100, 90)]);
  });

  it('waits in place while something is away, sets nothing aside, and holds up no other partition', async () => {
    const bench = await setUp(2);
    await bench.produce(upTo(30).map(event), { to: 0 });
    await bench.produce(upTo(60, 30).map(event), { to: 1 });
    let isAway = true;
    const running = await bench.start(
      bench.stateful(async (batch) => {
        if (isAway && batch[0]?.partition === 0) throw new TransientError('away', 'connection terminated unexpectedly');
        return batch.map(() => done);
      }),
    );
    await eventually(async () => expect(await bench.counted()).toEqual(once(upTo(60, 30))), { withinMs });
    const waiting = () => running.status().partitions.find(({ partition }) => partition === 0)?.waitingFor;
    await eventually(() => expect(waiting()).toBe('connection terminated unexpectedly'), { withinMs });
    isAway = false;
    await eventually(async () => expect(await bench.counted()).toEqual(once(upTo(60))), { withinMs });
    await running.stop();
    expect(await bench.letters()).toEqual([]);
  });

  it('isolates poison: one dead letter each with its reason, the rest of the batch counted once', async () => {
    const bench = await setUp();
    const poison = [3, 17, 18, 40];
    await bench.produce(upTo(50).map((n) => (n === 25 ? 'not json' : event(n))));
    const running = await bench.start(
      bench.stateful(async (batch) => {
        const bad = batch.find(({ value }) => poison.includes(value?.n ?? -1));
        if (bad) throw new Error(`poison ${bad.value?.n}`);
        return batch.map(() => done);
      }),
    );
    await eventually(async () => expect(await bench.next()).toEqual([50]), { withinMs });
    await running.stop();
    expect(await bench.counted()).toEqual(once(upTo(50).filter((n) => n !== 25 && !poison.includes(n))));
    const expected = [...poison.map((n) => [0, n, 'unhandled']), [0, 25, 'undecodable']];
    expect(await bench.letters()).toEqual(expected.sort((a, b) => Number(a[1]) - Number(b[1])));
  });

  it('pauses the partition whose dead letters reach their limit, at that record, and leaves the others alone', async () => {
    const bench = await setUp(4);
    await bench.produce([...upTo(20).map(event), ...upTo(150).map(() => 'poison')], { to: 2 });
    for (const partition of [0, 1, 3]) {
      const from = 100 * (partition + 1);
      await bench.produce(upTo(from + 30, from).map(event), { to: partition });
    }
    const running = await bench.start(bench.stateful());
    await eventually(() => expect(running.unready()).toMatch(/^paused: .*\/2 \(dlq_limit\)$/), { withinMs });
    await eventually(async () => expect(await bench.next()).toEqual([30, 30, 120, 30]), { withinMs });
    expect(running.status().state).toBe('running');
    await running.stop();
    expect(await bench.letters()).toHaveLength(100);
    expect((await bench.counted()).every(([, times]) => times === 1)).toBe(true);
  });

  it('halts instead of draining where half of its partitions were stopped by dead letters', async () => {
    const bench = await setUp(2);
    await bench.produce(
      upTo(400).map(() => 'poison'),
      { to: 0 },
    );
    await eventually(async () => expect((await bench.ends())[0]).toBe(400));
    const running = await bench.start(bench.stateful());
    await eventually(() => expect(running.status().state).toBe('halted'), { withinMs });
    expect(running.unready()).toMatch(/halted/);
    await bench.produce([event(1)], { to: 1 });
    await running.stop();
    expect(await bench.letters()).toHaveLength(100);
    expect(await bench.next()).toEqual([100, 0]);
    expect(await bench.counted()).toEqual([]);
  });

  it('stops fetching for a handler that is slow, goes on fetching for others, and resumes', async () => {
    const bench = await setUp(2);
    const text = 'x'.repeat(64 * 1_024);
    const large = upTo(200).map((n): TestEvent => ({ eventId: `${text}${n}`, n }));
    const batchBytes: number[] = [];
    const watching: ConsumerFactory = {
      start: (options) =>
        rig.consumers.start({
          ...options,
          onBatch: (batch: RawBatch) => {
            batchBytes.push(batch.records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0));
            return options.onBatch(batch);
          },
        }),
    };
    const leave = Promise.withResolvers<void>();
    const seen: number[] = [];
    const running = await bench.start(
      bench.stateless(
        async (batch) => {
          if (batch[0]?.partition === 0) await leave.promise;
          seen.push(...batch.map(({ value }) => value?.n ?? -1));
          return batch.map(() => skip('seen'));
        },
        { consumers: watching, limits: { maxRecords: 1_000, maxBytes: 64 * 1_048_576 } },
      ),
    );
    for (let from = 0; from < 200; from += 10) await bench.produce(large.slice(from, from + 10), { to: 0 });
    // Each of these needs a fetch of its own while the handler of partition 0 stands still.
    for (const n of upTo(1_010, 1_000)) {
      await bench.produce([event(n)], { to: 1 });
      await eventually(() => expect(seen).toContain(n), { withinMs });
    }
    leave.resolve();
    const all = [...upTo(200), ...upTo(1_010, 1_000)];
    await eventually(() => expect(seen.toSorted((a, b) => a - b)).toEqual(all), { withinMs });
    await running.stop();
    // 13 MB were waiting: what is queued may be over its 2 MiB by one fetch of 1 MiB, and a record.
    expect(Math.max(...batchBytes)).toBeLessThan(4 * 1_048_576 + text.length * 100);
  });

  it('keeps its membership while a handler takes longer than the session may be silent', async () => {
    const bench = await setUp();
    await bench.produce([event(0)]);
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    let calls = 0;
    const running = await bench.start(
      bench.stateful(async (batch) => {
        calls += 1;
        entered.resolve();
        await leave.promise;
        return batch.map(() => done);
      }),
    );
    await entered.promise;
    // Three times over, the broker throws out a member of another group that is silent for as long.
    for (const _ of upTo(3)) await rig.untilSilentMemberIsOut();
    expect(await rig.membersOf(`freshet.${bench.name}`)).toBe(1);
    leave.resolve();
    await eventually(async () => expect(await bench.next()).toEqual([1]), { withinMs });
    await running.stop();
    expect([calls, await bench.counted()]).toEqual([1, [[0, 1]]]);
  });

  it('reports a handler that never returns', async () => {
    const bench = await setUp();
    await bench.produce([event(0)]);
    const stuck = Promise.withResolvers<void>();
    const running = await bench.start(
      bench.stateful(
        async (batch) => {
          await stuck.promise;
          return batch.map(() => done);
        },
        { stuckAfterMs: 100 },
      ),
    );
    await eventually(() => expect(bench.failures).toMatchObject([{ code: 'stage_stuck' }]), { withinMs });
    stuck.resolve();
    await running.stop();
  });

  it('finishes the slice in flight when stopped and no other, and has left its group', async () => {
    const bench = await setUp();
    await bench.produce(upTo(200).map(event));
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const running = await bench.start(
      bench.stateful(async (batch) => {
        entered.resolve();
        await leave.promise;
        return batch.map(() => done);
      }),
    );
    await entered.promise;
    const stopped = running.stop();
    leave.resolve();
    await stopped;
    expect(await bench.next()).toEqual([50]);
    expect(await bench.counted()).toEqual(once(upTo(50)));
    expect(await rig.membersOf(`freshet.${bench.name}`)).toBe(0);
  });

  it('hands a tombstone to its stage', async () => {
    const bench = await setUp();
    await bench.produce([event(0), null, event(2)]);
    const seen: (number | null)[] = [];
    const running = await bench.start(
      bench.stateful(async (batch) => {
        seen.push(...batch.map(({ value }) => value?.n ?? null));
        return batch.map(({ value }) => (value === null ? skip('tombstone') : done));
      }),
    );
    await eventually(async () => expect(await bench.next()).toEqual([3]), { withinMs });
    await running.stop();
    expect(seen).toEqual([0, null, 2]);
    expect(await bench.counted()).toEqual(once([0, 2]));
  });

  it('gives a redriven event its effect in the version that set it aside, and passes it in all others', async () => {
    const bench = await setUp();
    const redrive = { stateVersion: 3, stage: bench.name, topic: bench.topic, partition: 0, offset: '41', count: 2 };
    const headers = { [redriveHeader]: Buffer.from(JSON.stringify({ ...redrive, firstFailedAt: 1_000 })) };
    await bench.produce([event(0)], { headers });
    const seen: number[] = [];
    const noting = (version: number) =>
      bench.stateful(
        async (batch) => {
          seen.push(version);
          return batch.map(() => done);
        },
        { stateVersion: version },
      );
    const members = [await bench.start(noting(3)), await bench.start(noting(4))];
    await eventually(async () => expect(await bench.next()).toEqual([1, 1]), { withinMs });
    for (const member of members) await member.stop();
    expect(seen).toEqual([3]);
  });
});
