import { expect, it } from 'vitest';
import type { Clock } from '../../../../pipeline/kernel/clock.ts';
import type { Component } from '../../../../pipeline/kernel/component.ts';
import { createLogger } from '../../../../pipeline/kernel/logger.ts';
import { keptRunning } from '../../../../pipeline/main/kept-running.ts';
import { eventually } from '../../../support/eventually.ts';

const log = createLogger('silent');

/** Sleeps until it is told that the time is over. */
function handClock() {
  const slept: number[] = [];
  let over = () => {};
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        slept.push(ms);
        over = resolve;
        signal?.addEventListener('abort', () => resolve());
      }),
  };
  return { clock, slept, pass: () => over() };
}

/** Components that note what is done with them and can be made to fail. */
function makes() {
  const events: string[] = [];
  let fail: (error: unknown) => void = () => {};
  const make = (attempt: number): Component => ({
    name: 'one',
    async start(failed) {
      events.push(`start ${attempt}`);
      fail = failed;
      return { stop: async () => void events.push(`stop ${attempt}`), unready: () => 'not quite' };
    },
  });
  return { events, make, fail: (error: unknown) => fail(error) };
}

it('stops what has failed, waits, and starts it anew; the process is not told', async () => {
  const { clock, slept, pass } = handClock();
  const { events, make, fail } = makes();
  const { component, problem } = keptRunning('one', { clock, log, restartAfterMs: 7 }, make);
  expect(problem()).toBe('not started yet');
  const told: unknown[] = [];
  const running = await component.start((error) => told.push(error));
  await eventually(() => expect(problem()).toBe('not quite'));
  fail(new Error('unsafe'));
  await eventually(() => expect(slept).toEqual([7]));
  expect(events).toEqual(['start 0', 'stop 0']);
  expect(problem()).toBe('unsafe');
  pass();
  await eventually(() => expect(problem()).toBe('not quite'));
  expect(running.unready?.()).toBeUndefined();
  await running.stop();
  expect(events).toEqual(['start 0', 'stop 0', 'start 1', 'stop 1']);
  expect(told).toEqual([]);
});

it('ends at once while it waits to start again', async () => {
  const { clock, slept } = handClock();
  const failing = () => ({ name: 'one', start: () => Promise.reject(new Error('no')) });
  const { component, problem } = keptRunning('one', { clock, log }, failing);
  const running = await component.start(() => undefined);
  await eventually(() => expect(slept).toHaveLength(1));
  expect(problem()).toBe('no');
  await running.stop();
  expect(slept).toHaveLength(1);
});
