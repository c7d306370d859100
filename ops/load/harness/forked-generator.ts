import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FreshetError, messageOf } from '../../../pipeline/kernel/errors.ts';

/** A load generator in a process of its own, kept warm from run to run. */
export interface Generator<Plan, Result> {
  readonly pid: number;
  /** Carries a plan out; FreshetError `bench_failed` where it could not. One at a time. */
  run(plan: Plan): Promise<Result>;
  close(): Promise<void>;
}

type Answer<Result> = { readonly result: Result } | { readonly error: string };

/** `script` calls `carryOutPlans`. */
export function forkGenerator<Plan extends object, Result>(script: URL): Generator<Plan, Result> {
  const child = fork(fileURLToPath(script), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced', // typed arrays of latencies pass as they are
  });
  const gone = once(child, 'exit');
  return {
    pid: child.pid as number,
    async run(plan) {
      child.send(plan);
      const first = await Promise.race([once(child, 'message'), gone.then(() => undefined)]);
      if (!first) throw new FreshetError('bench_failed', 'the load generator ended');
      const answer = first[0] as Answer<Result>;
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

/** In the forked script: one plan in, one answer out, until the parent lets go. */
export function carryOutPlans<Plan, Result>(carryOut: (plan: Plan) => Promise<Result>): void {
  process.on('message', (plan: Plan) => {
    carryOut(plan)
      .then((result): Answer<Result> => ({ result }))
      .catch((error: unknown): Answer<Result> => ({ error: messageOf(error) }))
      .then((answer) => process.send?.(answer))
      .catch(() => process.exit(1));
  });
}
