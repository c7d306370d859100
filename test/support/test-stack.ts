import { chooseDriver, ensureStack, type OnProgress } from '../../ops/stack/stack.ts';
import type { TestStack } from './containers.ts';

/** One start for all tiers of a run, kept on the process: each tier has a module graph of its own. */
const key = Symbol.for('freshet.test-stack');
type Holder = { [key]?: Promise<TestStack> };

async function open(onProgress: OnProgress): Promise<TestStack> {
  if ((await chooseDriver()) !== 'docker') {
    return { urls: await ensureStack({ onProgress }), containers: {}, close: async () => {} };
  }
  const { startContainers } = await import('./containers.ts');
  return startContainers(onProgress);
}

/**
 * The servers for a test run, by the driver that everything else uses too: those of the environment; containers
 * that live as long as the run, where Docker answers; else the checkout's embedded stack, which stays up.
 */
export function openTestStack(onProgress: OnProgress): Promise<TestStack> {
  const holder = globalThis as Holder;
  holder[key] ??= open(onProgress);
  return holder[key];
}
