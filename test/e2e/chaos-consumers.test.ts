import { describe, expect, it } from 'vitest';
import { type ConsumersOptions, chaosConsumers } from '../../ops/chaos/consumers/chaos-consumers.ts';
import type { FaultName } from '../../ops/chaos/consumers/faults.ts';

/** Those that are over soon; `freshet chaos consumers` deals them all. */
const quick: readonly FaultName[] = [
  'worker killed',
  'workers come and go',
  'published again',
  'connections cut',
  'worker stopped',
];

const options = (
  given: Pick<ConsumersOptions, 'seeds' | 'rounds' | 'faults' | 'signal' | 'stopMs'>,
): ConsumersOptions => ({
  ...given,
  poison: 100,
  batchesPerSecond: 4,
  memoryMiB: 700,
  onProgress: () => undefined,
  onRound: () => undefined,
});

describe('workers that are killed, stopped, replaced and cut off under load', () => {
  it('leave the state that a reference computes, whichever of three seeds is dealt', async ({ signal }) => {
    const rounds = await chaosConsumers(options({ seeds: [1, 2, 3], rounds: 1, faults: quick, stopMs: 9_000, signal })); // past the session timeout of 6 s
    expect(rounds.map(({ seed, fault, violations }) => [seed, fault, violations])).toEqual(
      rounds.map(({ seed, fault }) => [seed, fault, []]),
    );
    expect(rounds.map(({ seed }) => seed)).toEqual([1, 2, 3]);
    expect(rounds.at(-1)?.events).toBeGreaterThan(300);
    expect(rounds.at(-1)?.poison).toBeGreaterThan(0);
    expect(rounds.at(-1)?.duplicates).toBeGreaterThan(0);
  });

  it('do so also when of two one is killed, the other stands still for a minute and a third comes', async ({
    signal,
  }) => {
    const faults: FaultName[] = ['one killed, one stopped, one new'];
    const [round] = await chaosConsumers(options({ seeds: [7], rounds: 1, faults, stopMs: 60_000, signal }));
    expect(round?.workers).toBe(2);
    expect(round?.violations).toEqual([]);
    expect(round?.events).toBeGreaterThan(1_000);
  });
});
