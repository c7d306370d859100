import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inject } from 'vitest';
import { identityOf } from '../../ops/stack/process-identity.ts';
import {
  ensureStack,
  type ServerName,
  type StackUrls,
  stackDown,
  startServer,
  stopServer,
} from '../../ops/stack/stack.ts';

/** Servers of one test file alone, for faults that all other tests must not feel. */
export interface OwnStack {
  readonly urls: StackUrls;
  /** Ends a server, calls `during` while it is away, and starts it again after `ms`. */
  outage(server: ServerName, options: OutageOptions, during?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface OutageOptions {
  readonly ms: number;
  /** SIGKILL is a crash; by default the server is asked to stop. */
  readonly signal?: NodeJS.Signals;
}

const folders = tmpdir();
const nameOf = (runId: string) => `freshet-own-stack-${runId}`;
const pattern = /^freshet-own-stack-p(\d+)$/;

async function remove(root: string): Promise<void> {
  await stackDown({ root, purge: true });
  rmSync(root, { recursive: true, force: true });
}

/** Ends the servers of test runs that were killed before they could. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(folders)) {
    const pid = pattern.exec(name)?.[1];
    if (pid !== undefined && identityOf(Number(pid)) === undefined) await remove(join(folders, name));
  }
}

/** Another embedded stack beside the run's; only where that one is embedded too. */
export async function createOwnStack(): Promise<OwnStack> {
  // This worker's alone: they would make both stacks one, or another kind.
  delete process.env.FRESHET_STACK_DIR;
  process.env.FRESHET_STACK = 'embedded';
  await sweep();
  const root = join(folders, nameOf(inject('runId')));
  mkdirSync(root, { recursive: true });
  try {
    const urls = await ensureStack({ root });
    return { urls, outage: outageOf(root), close: () => remove(root) };
  } catch (error) {
    await remove(root);
    throw error;
  }
}

function outageOf(root: string): OwnStack['outage'] {
  return async (server, { ms, signal }, during = async () => {}) => {
    await stopServer(server, { root, ...(signal ? { signal } : {}) });
    const away = delay(ms);
    try {
      await during();
    } finally {
      await away;
      await startServer(server, { root });
    }
  };
}
