import { type ChildProcess, spawn } from 'node:child_process';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { cpuTimeOf, peakMemoryMiB } from '../harness/cpu-time.ts';

/** A relay under test, in a process of its own. */
export interface RelayProcess {
  readonly pid: number;
  /** Wall clock when it was started, milliseconds with fractions. */
  readonly startedAt: number;
  /** What it wrote, newest last; bounded, and without the lines of stack traces. */
  readonly output: readonly string[];
  /** Throws where the process has ended. */
  mustRun(): void;
  /** SIGSTOP and SIGCONT: a backlog grows, the process stays warm. */
  pause(): void;
  resume(): void;
  /** SIGTERM, SIGKILL after a while; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface RelayCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const graceMs = 20_000;
const keptLines = 60;

/** Wall clock in milliseconds with fractions, as the broker's append times are read. */
export const wallClock = (): number => performance.timeOrigin + performance.now();

function collectOutput(child: ChildProcess): string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts.filter((line) => !/^\s+at /.test(line)));
      lines.splice(0, lines.length - keptLines);
    });
  }
  return lines;
}

/** Starts it with exactly `env` and PATH; in a session of its own, so that Ctrl-C is the bench's to pass on. */
export async function startRelayProcess({ command, args, env, cwd }: RelayCommand): Promise<RelayProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const startedAt = wallClock();
  const child = spawn(command, args, {
    env: { PATH, HOME, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let ended: string | undefined;
  const gone = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      ended = `it ended with ${signal ?? code}`;
      resolve();
    });
  });
  const output = collectOutput(child);
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid as number));
  });
  return {
    pid,
    startedAt,
    output,
    mustRun() {
      if (ended === undefined) return;
      throw new FreshetError(
        'bench_failed',
        `the relay under test is gone, ${ended}:\n${output.slice(-20).join('\n')}`,
      );
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      if (ended !== undefined) return;
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await gone;
      clearTimeout(kill);
    },
  };
}

/** What a relay used so far. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

export function usageOf({ pid }: Pick<RelayProcess, 'pid'>): Usage {
  const { userSeconds, systemSeconds } = cpuTimeOf(pid);
  return { cpuSeconds: userSeconds + systemSeconds, peakMiB: peakMemoryMiB(pid) };
}
