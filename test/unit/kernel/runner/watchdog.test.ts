import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../../pipeline/kernel/clock.ts';
import { startWatchdog } from '../../../../pipeline/kernel/runner/watchdog.ts';
import { eventually } from '../../../support/eventually.ts';

/** Time that passes only when told; each step ends one sleep. */
function createSteppedClock() {
  let nowMs = 0;
  let wake: () => void = () => undefined;
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: (_, signal) =>
      new Promise((resolve) => {
        wake = resolve;
        signal?.addEventListener('abort', () => resolve());
      }),
  };
  const step = async (ms: number) => {
    nowMs += ms;
    wake();
    await new Promise(setImmediate);
  };
  return { clock, step };
}

describe('the watchdog', () => {
  it('reports work that does not return in time, once', async () => {
    const { clock, step } = createSteppedClock();
    const stuck: string[] = [];
    const watchdog = startWatchdog(clock, 100, (error) => stuck.push(error.message));
    void watchdog.watch('aggregation in/0', () => new Promise(() => undefined));
    for (let steps = 0; steps < 3; steps += 1) await step(25);
    expect(stuck).toEqual([]);
    for (let steps = 0; steps < 3; steps += 1) await step(25);
    await eventually(() => expect(stuck).toEqual(['aggregation in/0 has not returned for 100 ms']));
    await watchdog.stop();
  });

  it('leaves alone what returns or throws', async () => {
    const { clock, step } = createSteppedClock();
    const stuck: unknown[] = [];
    const watchdog = startWatchdog(clock, 100, (error) => stuck.push(error));
    expect(await watchdog.watch('quick', async () => 7)).toBe(7);
    await expect(watchdog.watch('failing', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    for (let steps = 0; steps < 8; steps += 1) await step(25);
    expect(stuck).toEqual([]);
    await watchdog.stop();
  });

  it('does not blame the work when the whole process stood still', async () => {
    const { clock, step } = createSteppedClock();
    const stuck: unknown[] = [];
    const watchdog = startWatchdog(clock, 100, (error) => stuck.push(error));
    void watchdog.watch('slow', () => new Promise(() => undefined));
    await step(60_000);
    expect(stuck).toEqual([]);
    for (let steps = 0; steps < 4; steps += 1) await step(25);
    await eventually(() => expect(stuck).toHaveLength(1));
    await watchdog.stop();
  });
});
