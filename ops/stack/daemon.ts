import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { identityOf, isAlive, type ProcessRef } from './process-identity.ts';

const pollMs = 25;
const logBytes = 10_000_000;

export interface DaemonSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** User and group to run as, where it must not be ours. */
  readonly uid?: number;
}

/** Sets a long log aside, so that a machine which restarts its stack for weeks does not fill up. */
function openLog(logFile: string): number {
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > logBytes) renameSync(logFile, `${logFile}.old`);
  return openSync(logFile, 'a');
}

/** Starts a process that outlives this one, in its own session; its output goes to the log file. */
export async function startDaemon(spec: DaemonSpec): Promise<ProcessRef> {
  const log = openLog(spec.logFile);
  try {
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, JAVA_HOME: process.env.JAVA_HOME, ...spec.env },
      detached: true,
      stdio: ['ignore', log, log],
      ...(spec.uid === undefined ? {} : { uid: spec.uid, gid: spec.uid }),
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid as number));
    });
    child.unref();
    return { pid, identity: identityOf(pid) ?? 'ended at once' };
  } finally {
    closeSync(log);
  }
}

export interface StopOptions {
  readonly signal: NodeJS.Signals;
  /** How long the process may take before it is killed. */
  readonly graceMs: number;
}

async function hasEnded(ref: ProcessRef, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isAlive(ref)) {
    if (performance.now() > deadline) return false;
    await delay(pollMs);
  }
  return true;
}

/** Ends that very process, first as asked, then by SIGKILL; resolves when it is gone. */
export async function stopDaemon(ref: ProcessRef, { signal, graceMs }: StopOptions): Promise<void> {
  if (!isAlive(ref)) return;
  process.kill(ref.pid, signal);
  if (await hasEnded(ref, graceMs)) return;
  process.kill(ref.pid, 'SIGKILL');
  if (!(await hasEnded(ref, 10_000))) throw new FreshetError('stack_process_stays', `process ${ref.pid} does not end`);
}

/** The last lines of a log, for a message about a start that failed. */
export function logTail(logFile: string, lines = 30): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
