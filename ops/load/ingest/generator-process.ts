import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { LoadAnswer, LoadPlan, LoadResult } from './load-plan.ts';

export interface Generator {
  /** Carries a plan out; FreshetError `bench_failed` where any event was not accepted. */
  run(plan: LoadPlan): Promise<LoadResult>;
  close(): Promise<void>;
}

/** The load comes from a process of its own, kept warm from run to run. */
export function startGenerator(): Generator {
  const child = fork(fileURLToPath(new URL('generator.ts', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit');
  return {
    async run(plan) {
      child.send(plan);
      const first = await Promise.race([once(child, 'message'), gone.then(() => undefined)]);
      if (!first) throw new FreshetError('bench_failed', 'the load generator ended');
      const answer = first[0] as LoadAnswer;
      if ('error' in answer) throw new FreshetError('bench_failed', `the load was not carried out: ${answer.error}`);
      return answer.result;
    },
    async close() {
      if (child.connected) child.disconnect();
      child.kill();
      await gone;
    },
  };
}
