import { describe, expect, it } from 'vitest';
import { type Component, startAll } from '../../../pipeline/kernel/component.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';

const log = createLogger('fatal');
const fail = (_: string, error: unknown) => {
  throw error;
};

/** Notes when it is started and stopped. */
function noted(name: string, notes: string[], faults: { start?: Error; stop?: Error } = {}): Component {
  return {
    name,
    async start() {
      if (faults.start) throw faults.start;
      notes.push(`${name} started`);
      return {
        async stop() {
          notes.push(`${name} stopped`);
          if (faults.stop) throw faults.stop;
        },
      };
    },
  };
}

describe('components of a process', () => {
  it('start in order and stop in reverse', async () => {
    const notes: string[] = [];
    const running = await startAll([noted('a', notes), noted('b', notes)], log, fail);
    await running.stop();
    expect(notes).toEqual(['a started', 'b started', 'b stopped', 'a stopped']);
  });

  it('all stop although one of them cannot, and the fault is told', async () => {
    const notes: string[] = [];
    const broken = noted('b', notes, { stop: new Error('server is away') });
    const running = await startAll([noted('a', notes), broken, noted('c', notes)], log, fail);
    await expect(running.stop()).rejects.toThrow('server is away');
    expect(notes.slice(3)).toEqual(['c stopped', 'b stopped', 'a stopped']);
  });

  it('stop again where a later one cannot start, whose fault is the one that is told', async () => {
    const notes: string[] = [];
    const broken = noted('a', notes, { stop: new Error('cannot stop') });
    const components = [broken, noted('b', notes, { start: new Error('cannot start') })];
    await expect(startAll(components, log, fail)).rejects.toThrow('cannot start');
    expect(notes).toEqual(['a started', 'a stopped']);
  });
});
