import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedDown, embeddedPurge, embeddedStartServer, embeddedStopServer } from '../stack/embedded/embedded.ts';
import { identityOf } from '../stack/process-identity.ts';
import type { OnProgress } from '../stack/progress.ts';
import type { ServerName } from '../stack/server-name.ts';
import { readState } from '../stack/state.ts';
import { localUrls, type ServerUrls } from '../stack/urls.ts';

/** Servers of one run alone, so that killing them hurts nobody. */
export interface ChaosServers {
  readonly folder: string;
  readonly urls: ServerUrls;
  stop(server: ServerName, signal: NodeJS.Signals): Promise<void>;
  /** Under the address it had; resolves when it answers. */
  start(server: ServerName): Promise<void>;
  /** Stops all its processes where they are; answers what lets them go on. */
  freeze(server: ServerName): () => void;
  /** Ends them all and removes what they stored. */
  close(): Promise<void>;
}

const nameOf = (pid: number) => `freshet-chaos-${pid}`;
const pattern = /^freshet-chaos-(\d+)$/;

/** A process and its children. */
function familyOf(pid: number): number[] {
  const out = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = out
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return [pid, ...rows.filter(([, parent]) => parent === pid).map(([child]) => child as number)];
}

async function remove(folder: string): Promise<void> {
  const state = readState(folder);
  if (state) {
    await embeddedDown(folder, state);
    embeddedPurge(folder, state);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Ends the servers of runs that were killed before they could. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = pattern.exec(name)?.[1];
    if (pid !== undefined && identityOf(Number(pid)) === undefined) await remove(join(tmpdir(), name));
  }
}

/** `names` in an order in which each finds those it needs. */
export async function openChaosServers(
  onProgress: OnProgress,
  names: readonly ServerName[] = ['postgres', 'kafka'],
): Promise<ChaosServers> {
  await sweep();
  const folder = join(tmpdir(), nameOf(process.pid));
  mkdirSync(folder, { recursive: true });
  try {
    for (const name of names) await embeddedStartServer(folder, name, onProgress);
  } catch (error) {
    await remove(folder);
    throw error;
  }
  const state = readState(folder);
  if (!state) throw new Error(`${folder} has no state though its servers run`);
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  const thaws: (() => void)[] = [];
  /** One after the other; a server that is being started when all is over must not be left behind. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    if (closed) return Promise.reject(new Error('the servers of this run are closed'));
    const mine = last.then(work);
    last = mine.catch(() => undefined); // whoever asked is told
    return mine;
  };
  return {
    folder,
    urls: localUrls(state.ports),
    stop: (server, signal) => inTurn(() => embeddedStopServer(folder, server, signal)),
    start: (server) => inTurn(() => embeddedStartServer(folder, server, () => undefined)),
    freeze(server) {
      const pid = readState(folder)?.processes[server]?.pid;
      const frozen = pid === undefined ? [] : familyOf(pid);
      for (const one of frozen) process.kill(one, 'SIGSTOP');
      const thaw = () => {
        for (const one of frozen.splice(0)) if (identityOf(one) !== undefined) process.kill(one, 'SIGCONT');
      };
      thaws.push(thaw);
      return thaw;
    },
    async close() {
      closed = true;
      for (const thaw of thaws) thaw();
      await last;
      await remove(folder);
    },
  };
}
