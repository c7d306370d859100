import { expect, it } from 'vitest';
import { createPace } from '../../../../pipeline/kernel/runner/pace.ts';

const { signal } = new AbortController();

function rig(rate: () => number | null) {
  const slept: number[] = [];
  let now = 0;
  const clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms: number) => {
      slept.push(Math.round(ms));
      now += ms;
    },
  };
  const pace = createPace({ clock, rate, partitions: 8 });
  return { pace, slept, pass: (ms: number) => (now += ms) };
}

it('makes each batch wait for the time that those before it take', async () => {
  const { pace, slept } = rig(() => 1_000);
  for (let n = 0; n < 3; n += 1) await pace(500, 8, signal);
  expect(slept).toEqual([500, 500]);
});

it('gives a process the share of the partitions that it holds', async () => {
  const { pace, slept } = rig(() => 1_000);
  await pace(500, 2, signal);
  await pace(500, 2, signal);
  expect(slept).toEqual([2_000]);
});

it('saves up nothing while it is idle, and lets go at once where there is no limit', async () => {
  let rate: number | null = 1_000;
  const { pace, slept, pass } = rig(() => rate);
  await pace(500, 8, signal);
  pass(60_000);
  await pace(500, 8, signal);
  expect(slept).toEqual([]);
  rate = null;
  await pace(1_000_000, 8, signal);
  expect(slept).toEqual([]);
});
