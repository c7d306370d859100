import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkoutRoot } from '../../ops/stack/paths.ts';
import { mustRun } from '../../ops/stack/run-tool.ts';
import { type Exit, type FreshetRun, startFreshet, startRun } from './freshet-child.ts';

type Environment = Readonly<Record<string, string>>;

/** A checkout of its own, in which a test changes schemas and code as a developer would. */
export interface Release {
  readonly root: string;
  read(path: string): string;
  /** Makes the folders that are missing. */
  write(path: string, text: string): void;
  erase(path: string): void;
  /** Replaces one piece of a file; throws where it is not there, or twice. */
  edit(path: string, piece: string, by: string): void;
  /** Runs `freshet …args` of this checkout to its end. */
  freshet(args: readonly string[], env?: Environment): Promise<Exit & { readonly output: string }>;
  /** `freshet run …options` of this checkout, ready. */
  run(env: Environment, options?: readonly string[]): Promise<FreshetRun>;
  /** Commits everything to a git repository of the release's own. */
  commit(message: string): Promise<void>;
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
/** What a change of a schema touches. */
const committed = ['schemas', 'test/fixtures'];
const withinMs = 120_000;

/** A copy of this checkout's sources; modules are those of the checkout itself. */
export function createRelease(from = checkoutRoot()): Release {
  const root = mkdtempSync(join(tmpdir(), 'freshet-release-'));
  for (const part of parts) cpSync(join(from, part), join(root, part), { recursive: true });
  symlinkSync(join(checkoutRoot(), 'node_modules'), join(root, 'node_modules'));
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  return {
    root,
    read,
    write,
    erase: (path) => rmSync(join(root, path)),
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
    async commit(message) {
      const who = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.com'];
      const git = (...args: string[]) => mustRun({ command: 'git', args: ['-C', root, ...who, ...args] });
      if (!existsSync(join(root, '.git'))) await git('init', '--quiet');
      await git('add', '--all', '--', ...committed);
      await git('commit', '--quiet', '--message', message);
    },
    run: (env, options) => startRun(env, options, root),
    next: () => createRelease(root),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
