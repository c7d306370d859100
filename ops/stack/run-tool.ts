import { spawn } from 'node:child_process';
import { FreshetError } from '../../pipeline/kernel/errors.ts';

export interface ToolRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  /** Called with each piece of output, both streams. */
  readonly onOutput?: (text: string) => void;
}

export interface ToolResult {
  readonly code: number | null;
  readonly stdout: string;
  /** Both streams as they came. */
  readonly output: string;
}

/** Runs a program to its end, whatever that is; rejects only where it cannot be started. */
export function runTool({ command, args, cwd, env, uid, onOutput }: ToolRun): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env: { ...process.env, ...env } }),
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    let stdout = '';
    let output = '';
    const take = (chunk: Buffer) => {
      const text = chunk.toString('utf8');
      output += text;
      onOutput?.(text);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
      take(chunk);
    });
    child.stderr.on('data', take);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, output }));
  });
}

/** As `runTool`, and rejects with the end of the output where the program fails. */
export async function mustRun(run: ToolRun): Promise<string> {
  const { code, output } = await runTool(run);
  if (code !== 0) {
    const tail = output.trimEnd().split('\n').slice(-20).join('\n');
    throw new FreshetError('stack_tool_failed', `${run.command} ended with ${code}:\n${tail}`);
  }
  return output;
}
