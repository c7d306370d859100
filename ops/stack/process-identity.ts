import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process that can be told apart from a later one with the same number. */
export interface ProcessRef {
  readonly pid: number;
  /** When it started, in whatever unit the system gives; with the boot where numbers restart with it. */
  readonly identity: string;
}

function linuxIdentity(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  // The command in brackets may hold spaces: fields are counted from behind it (state is 3, start time 22).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${fields[19]}`;
}

function psIdentity(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return text === '' || text.startsWith('Z') ? undefined : text.replace(/^\S+\s+/, '');
  } catch (error) {
    if ((error as { status?: number }).status === 1) return undefined;
    throw error;
  }
}

/** What tells the running process `pid` from others; undefined where there is none (a zombie counts as none). */
export function identityOf(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxIdentity(pid) : psIdentity(pid);
}

/** True while that very process runs: a recycled number is somebody else. */
export function isAlive(ref: ProcessRef): boolean {
  return identityOf(ref.pid) === ref.identity;
}
