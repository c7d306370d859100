import { readdirSync, readFileSync } from 'node:fs';

/** What a process and its descendants used. */
export interface CpuTime {
  readonly userSeconds: number;
  readonly systemSeconds: number;
}

/** USER_HZ: 100 in the ABI of every Linux that Node runs on, whatever the kernel's own tick. */
const ticksPerSecond = 100;

interface Stat {
  readonly parent: number;
  /** Own ticks, and those of children that ended and were waited for. */
  readonly user: number;
  readonly system: number;
}

/** Undefined where the process is gone. */
function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // it ended between being listed and being read
  }
  // The second field is the name in parentheses and may hold blanks and parentheses itself.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (oneBased: number) => fields[oneBased - 3] ?? Number.NaN;
  return { parent: field(4), user: field(14) + field(16), system: field(15) + field(17) };
}

/**
 * CPU time of a process, its threads, and all its descendants, from /proc; steps of 10 ms. A figure is the difference
 * of two readings. Throws where there is no such process: a bench gives no figure of something that died.
 */
export function cpuTimeOf(pid: number): CpuTime {
  const own = readStat(pid);
  if (!own) throw new Error(`process ${pid} is gone`);
  const stats = new Map<number, Stat>([[pid, own]]);
  for (const name of readdirSync('/proc')) {
    const other = Number(name);
    const stat = Number.isInteger(other) ? readStat(other) : undefined;
    if (stat) stats.set(other, stat);
  }
  const isOurs = (one: number): boolean => {
    for (let at: number | undefined = one; at !== undefined && at !== 0; at = stats.get(at)?.parent) {
      if (at === pid) return true;
    }
    return false;
  };
  const ours = [...stats].filter(([one]) => isOurs(one)).map(([, stat]) => stat);
  const sum = (of: (stat: Stat) => number) => ours.reduce((total, stat) => total + of(stat), 0) / ticksPerSecond;
  return { userSeconds: sum(({ user }) => user), systemSeconds: sum(({ system }) => system) };
}

/** Seconds between two readings, user and system together. */
export function cpuSecondsBetween(before: CpuTime, after: CpuTime): number {
  return after.userSeconds - before.userSeconds + (after.systemSeconds - before.systemSeconds);
}

/** The most memory that a process ever held (VmHWM), MiB; its children are not in it. */
export function peakMemoryMiB(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no VmHWM`);
  return Math.round(Number(kib) / 1_024);
}
