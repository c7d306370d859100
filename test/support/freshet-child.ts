import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkoutRoot } from '../../ops/stack/paths.ts';
import { eventually } from './eventually.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The command line in a process of its own. */
export interface FreshetChild {
  /** What it said so far, both outputs, line by line. */
  readonly lines: readonly string[];
  /** Undefined while it runs. */
  exit(): Exit | undefined;
  send(signal: NodeJS.Signals): void;
  /** Waits for its end; the last lines are told where it does not come. */
  ended(withinMs: number): Promise<Exit>;
  /** Kills it where it still runs. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts `freshet …args` of a checkout with exactly `env`, so that nothing of the test run gets in. */
export function startFreshet(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  root = checkoutRoot(),
): FreshetChild {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [join(root, 'ops', 'cli', 'freshet.js'), ...args], {
    cwd: root,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let exit: Exit | undefined;
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', (line) => lines.push(line));
  const closed = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      exit = { code, signal };
      resolve(exit);
    });
  });
  return {
    lines,
    exit: () => exit,
    send: (signal) => void child.kill(signal),
    ended: (withinMs) =>
      eventually(
        () => {
          if (exit) return exit;
          throw new Error(`freshet ${args.join(' ')} still runs:\n${lines.slice(-20).join('\n')}`);
        },
        { withinMs },
      ),
    async [Symbol.asyncDispose]() {
      if (!exit) child.kill('SIGKILL');
      await closed;
    },
  };
}

/** `freshet run` with every role. */
export interface FreshetRun extends FreshetChild {
  readonly url: string;
}

/** Starts it and waits until it is ready. */
export async function startRun(
  env: Readonly<Record<string, string>>,
  options: readonly string[] = [],
  root = checkoutRoot(),
): Promise<FreshetRun> {
  const child = startFreshet(['run', ...options], { ...env, FRESHET_LOG_LEVEL: 'info' }, root);
  try {
    const url = await untilListening(child);
    await eventually(
      async () => {
        const ready = await fetch(`${url}/readyz`);
        if (!ready.ok) throw new Error(await ready.text());
      },
      { withinMs: 60_000, everyMs: 50 },
    );
    return { ...child, url };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

function untilListening(child: FreshetChild): Promise<string> {
  const tail = () => child.lines.slice(-20).join('\n');
  return eventually(
    () => {
      const line = child.lines.find((one) => one.includes('"msg":"running"'));
      if (line !== undefined) return (JSON.parse(line) as { listening: string }).listening;
      throw new Error(`${child.exit() ? 'it has ended' : 'not listening yet'}:\n${tail()}`);
    },
    { withinMs: 30_000, everyMs: 50 },
  );
}
