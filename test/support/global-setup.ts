import type { TestProject } from 'vitest/node';
import type { ServerName, StackProgress, StackUrls } from '../../ops/stack/stack.ts';
import { sweepDeadRuns } from './sweep.ts';
import { openTestStack } from './test-stack.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The servers of this run. */
    stack: StackUrls;
    /** Containers that the run started, for tests that stop a server. */
    containers: Readonly<Partial<Record<ServerName, string>>>;
    /** Names what this run creates, so that a later one can tell what was left behind. */
    runId: string;
  }
}

const say = ({ subject, text }: StackProgress): void => {
  process.stderr.write(`${subject}: ${text}\n`);
};

/** Starts the servers, or finds them running, before the first tier that needs them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await openTestStack(say);
  await sweepDeadRuns(stack.urls);
  project.provide('stack', stack.urls);
  project.provide('containers', stack.containers);
  project.provide('runId', `p${process.pid}`);
  return () => stack.close();
}
