import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkoutRoot } from '../../ops/stack/paths.ts';
import { type Exit, type FreshetRun, startFreshet, startRun } from './freshet-child.ts';

type Environment = Readonly<Record<string, string>>;

/** A checkout of its own, in which a test changes schemas and code as a developer would. */
export interface Release {
  readonly root: string;
  read(path: string): string;
  write(path: string, text: string): void;
  /** Replaces one piece of a file; throws where it is not there, or twice. */
  edit(path: string, piece: string, by: string): void;
  /** Runs `freshet …args` of this checkout to its end. */
  freshet(args: readonly string[], env?: Environment): Promise<Exit & { readonly output: string }>;
  /** `freshet run …options` of this checkout, ready. */
  run(env: Environment, options?: readonly string[]): Promise<FreshetRun>;
  /** The next release begins where this one is. */
  next(): Release;
  remove(): void;
}

const parts = [
  'schemas',
  'pipeline',
  'serving',
  'ops',
  'migrations',
  'test/fixtures',
  'package.json',
  'tsconfig.json',
  'biome.json',
] as const;
const withinMs = 120_000;

/** A copy of this checkout's sources; modules are those of the checkout itself. */
export function createRelease(from = checkoutRoot()): Release {
  const root = mkdtempSync(join(tmpdir(), 'freshet-release-'));
  for (const part of parts) cpSync(join(from, part), join(root, part), { recursive: true });
  symlinkSync(join(checkoutRoot(), 'node_modules'), join(root, 'node_modules'));
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const write = (path: string, text: string) => writeFileSync(join(root, path), text);
  return {
    root,
    read,
    write,
    edit(path, piece, by) {
      const pieces = read(path).split(piece);
      if (pieces.length !== 2) throw new Error(`${path} holds ${pieces.length - 1} times: ${piece}`);
      write(path, pieces.join(by));
    },
    async freshet(args, env = {}) {
      await using child = startFreshet(args, env, root);
      const exit = await child.ended(withinMs);
      return { ...exit, output: child.lines.join('\n') };
    },
    run: (env, options) => startRun(env, options, root),
    next: () => createRelease(root),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
