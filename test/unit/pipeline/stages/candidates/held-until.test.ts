import { describe, expect, it } from 'vitest';
import type { Component } from '../../../../../pipeline/kernel/component.ts';
import { heldUntil } from '../../../../../pipeline/stages/candidates/held-until.ts';
import { eventually } from '../../../../support/eventually.ts';

function held(start?: Component['start']) {
  const ready = Promise.withResolvers<void>();
  const log: string[] = [];
  const failures: unknown[] = [];
  const component: Component = {
    name: 'runner',
    start:
      start ??
      (async () => {
        log.push('started');
        return { stop: async () => void log.push('stopped'), unready: () => 'joining' };
      }),
  };
  const running = heldUntil(() => ready.promise, component).start((error) => failures.push(error));
  return { ready, log, failures, running };
}

describe('heldUntil', () => {
  it('starts the component once it may, and stops it', async () => {
    const { ready, log, running } = held();
    const { unready, stop } = await running;
    expect([unready?.(), log]).toEqual(['waits for the session index', []]);
    ready.resolve();
    await eventually(() => expect([unready?.(), log]).toEqual(['joining', ['started']]));
    await stop();
    expect(log).toEqual(['started', 'stopped']);
  });

  it('never starts what was stopped before', async () => {
    const { ready, log, running } = held();
    await (await running).stop();
    ready.resolve();
    await ready.promise;
    await Promise.resolve();
    expect(log).toEqual([]);
  });

  it('passes on a start that fails', async () => {
    const { ready, failures, running } = held(async () => {
      throw new Error('no');
    });
    ready.resolve();
    await eventually(() => expect(failures).toEqual([new Error('no')]));
    await (await running).stop();
  });
});
