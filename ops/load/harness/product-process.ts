import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';

/** `freshet run` in a process of its own, whose port is open. */
export interface ProductProcess {
  readonly pid: number;
  readonly url: string;
  /** Wall clock when it was started, milliseconds. */
  readonly startedAt: number;
  /** Throws FreshetError `bench_failed` with its last lines where it has ended. */
  mustRun(): void;
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface ProductOptions {
  readonly roles: string;
  /** The process gets these, PATH and HOME. */
  readonly env: Readonly<Record<string, string>>;
  /** Before the script, such as `--cpu-prof`. */
  readonly nodeOptions: readonly string[];
}

const script = new URL('../../cli/freshet.js', import.meta.url).pathname;
const keptLines = 50;

/** Any script that says `"msg":"running"` and where it listens, as `freshet run` does. */
export async function startListening(args: readonly string[], env: ProductOptions['env']): Promise<ProductProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const startedAt = performance.timeOrigin + performance.now();
  const child = spawn(process.execPath, args, { env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const gone = () => child.exitCode !== null || child.signalCode !== null;
  const url = await untilListening(child, lines);
  return {
    pid: child.pid as number,
    url,
    startedAt,
    mustRun() {
      if (gone()) throw new FreshetError('bench_failed', `the measured process has ended:\n${lines.join('\n')}`);
    },
    async stop() {
      if (gone()) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

export const startProduct = ({ roles, env, nodeOptions }: ProductOptions): Promise<ProductProcess> =>
  startListening([...nodeOptions, script, 'run', '--roles', roles], env);

async function untilListening(child: ChildProcess, lines: string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface(stream).on('line', (line) => {
      if (lines.push(line) > keptLines) lines.shift();
      if (line.includes('"msg":"running"')) resolve((JSON.parse(line) as { listening: string }).listening);
    });
  }
  const ended = once(child, 'exit').then(() => {
    throw new FreshetError('bench_failed', `the measured process ended before it listened:\n${lines.join('\n')}`);
  });
  const url = await Promise.race([promise, ended]);
  ended.catch(() => undefined); // its end after this is asked for, or seen by mustRun
  return url;
}
