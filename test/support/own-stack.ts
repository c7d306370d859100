import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inject } from 'vitest';
import { identityOf } from '../../ops/stack/process-identity.ts';
import { mustRun } from '../../ops/stack/run-tool.ts';
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

/** An embedded stack beside the run's, or the run's own containers: no other file of the tier runs meanwhile. */
export async function createOwnStack(): Promise<OwnStack> {
  const shared = inject('stack');
  if (shared.driver === 'docker') return { urls: shared, outage: outageBy(containers), close: async () => {} };
  // This worker's alone: they would make both stacks one, or another kind.
  delete process.env.FRESHET_STACK_DIR;
  process.env.FRESHET_STACK = 'embedded';
  await sweep();
  const root = join(folders, nameOf(inject('runId')));
  mkdirSync(root, { recursive: true });
  try {
    const urls = await ensureStack({ root });
    return { urls, outage: outageBy(embedded(root)), close: () => remove(root) };
  } catch (error) {
    await remove(root);
    throw error;
  }
}

interface Servers {
  stop(server: ServerName, signal?: NodeJS.Signals): Promise<void>;
  /** Under the address it had. */
  start(server: ServerName): Promise<void>;
}

const embedded = (root: string): Servers => ({
  stop: (server, signal) => stopServer(server, { root, ...(signal ? { signal } : {}) }),
  start: (server) => startServer(server, { root }),
});

const docker = async (command: string, server: ServerName): Promise<void> => {
  await mustRun({ command: 'docker', args: [command, inject('containers')[server] ?? 'none'] });
};
const containers: Servers = {
  stop: (server, signal) => docker(signal === 'SIGKILL' ? 'kill' : 'stop', server),
  start: (server) => docker('start', server),
};

function outageBy({ stop, start }: Servers): OwnStack['outage'] {
  return async (server, { ms, signal }, during = async () => {}) => {
    await stop(server, signal);
    const away = delay(ms);
    try {
      await during();
    } finally {
      await away;
      await start(server);
    }
  };
}
