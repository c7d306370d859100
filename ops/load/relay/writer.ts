import { fork } from 'node:child_process';
import { join } from 'node:path';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { WritePlan, Written } from './write-plan.ts';

/** Runs a plan in a process of its own; rejects where that fails or `signal` ends it. */
export function startWriter(plan: WritePlan, signal: AbortSignal): Promise<Written> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'writer-process.ts'), {
      serialization: 'advanced',
      execArgv: [],
      detached: true,
    });
    const abort = () => child.kill('SIGKILL');
    signal.addEventListener('abort', abort, { once: true });
    let written: Written | undefined;
    child.once('message', (message) => {
      written = message as Written;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      signal.removeEventListener('abort', abort);
      if (written) resolve(written);
      else reject(new FreshetError('bench_failed', `the writer ended with ${code}`));
    });
    child.send(plan);
  });
}
