import { describe, expect, it } from 'vitest';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../../pipeline/kernel/logger.ts';
import { perVersion } from '../../../../pipeline/main/per-version.ts';
import type { ProcessContext } from '../../../../pipeline/main/resources.ts';
import { type StateVersion, worksOn } from '../../../../pipeline/stores/state-version.ts';
import { eventually } from '../../../support/eventually.ts';
import { hastyClock } from '../../../support/runner-harness.ts';

const version = (number: number, given: Partial<StateVersion> = {}): StateVersion => ({
  version: number,
  settings: {
    sessionGapMs: 1,
    sessionItemCap: 1,
    historySize: 1,
    affinityDays: 1,
    affinityLimit: 1,
    itemSetLimit: 1,
  },
  source: 'enriched',
  groupId: null,
  rate: null,
  isActive: number === 1,
  ...given,
});

async function rig(initial: readonly StateVersion[], groupId?: string) {
  const state: { versions: readonly StateVersion[] | undefined } = { versions: initial };
  const events: string[] = [];
  const told = new Set<string>();
  const failures: unknown[] = [];
  const fails = new Map<number, (error: unknown) => void>();
  const context = {
    clock: { ...hastyClock, monotonic: () => performance.now() * 1_000 },
    log: createLogger('silent'),
    config: { FRESHET_CONSUMER_GROUP_ID: groupId },
    onStage: (name: string, status: unknown) => void (status === undefined ? told.delete(name) : told.add(name)),
  } as unknown as ProcessContext;
  const component = perVersion(context, {
    name: 'role',
    versions: {
      async running() {
        if (state.versions === undefined) throw new TransientError('postgres_unavailable', 'away');
        return state.versions;
      },
    },
    make: (own, { version: number }) => [
      {
        name: `role.v${number}`,
        async start(fail) {
          fails.set(number, fail);
          events.push(`start ${number}`);
          own.onStage(`stage.v${number}`, () => ({}) as never);
          return { stop: async () => void events.push(`stop ${number}`) };
        },
      },
    ],
  });
  const running = await component.start((error) => failures.push(error));
  return { state, events, told, failures, fails, running };
}

describe('a role that runs once for each version of state', () => {
  it('takes up versions as they come, and stops those that go', async () => {
    const { state, events, told, running } = await rig([version(1)]);
    await eventually(() => expect(running.unready?.()).toBeUndefined());
    state.versions = [version(1), version(2)];
    await eventually(() => expect([...told]).toEqual(['stage.v1', 'stage.v2']));
    state.versions = [version(1)];
    await eventually(() => expect([...told]).toEqual(['stage.v1']));
    await running.stop();
    expect(events).toEqual(['start 1', 'start 2', 'stop 2', 'stop 1']);
  });

  it('goes on with what it has while nobody can say which versions there are', async () => {
    const { state, events, running } = await rig([version(1)]);
    await eventually(() => expect(events).toEqual(['start 1']));
    state.versions = undefined;
    await eventually(() => expect(running.unready?.()).toBeUndefined());
    expect(events).toEqual(['start 1']);
    await running.stop();
  });

  it('ends the process for the active version only; another one fails alone and is tried again', async () => {
    const { events, failures, fails, running } = await rig([version(1), version(2)]);
    await eventually(() => expect(fails.size).toBe(2));
    fails.get(2)?.(new Error('bad settings'));
    await eventually(() => expect(events).toEqual(['start 1', 'start 2', 'stop 2', 'start 2']));
    expect(failures).toEqual([]);
    expect(running.unready?.()).toBeUndefined();
    fails.get(1)?.(new Error('broken'));
    expect(failures).toHaveLength(1);
    await running.stop();
  });

  it('is for a group id its own version alone', async () => {
    const { events, running } = await rig([version(1), version(2, { groupId: 'replay' })], 'replay');
    await eventually(() => expect(events).toEqual(['start 2']));
    await running.stop();
  });
});

it('processes without a group id work on versions without one, and on the active one whoever built it', () => {
  const works = (groupId: string | null, isActive: boolean) => worksOn(undefined, { groupId, isActive });
  expect([works(null, true), works(null, false), works('x', false), works('x', true)]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  expect(worksOn('x', { groupId: 'x', isActive: true })).toBe(true);
  expect(worksOn('x', { groupId: null, isActive: true })).toBe(false);
});
