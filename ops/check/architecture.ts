import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { checkoutRoot } from '../stack/paths.ts';
import { runTool } from '../stack/run-tool.ts';

export const sourceFolders = ['schemas', 'pipeline', 'serving', 'ops', 'test'] as const;

export interface Cruise {
  readonly violations: readonly { readonly rule: string; readonly from: string; readonly to: string }[];
  /** Modules of ours that were read. */
  readonly modules: number;
  /** Source files there are: fewer modules mean that the tool did not look. */
  readonly files: number;
}

interface Output {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: { readonly violations: readonly { from: string; to: string; rule: { name: string } }[] };
}

/** Paths of the TypeScript files below the source folders of `root`. */
export function sourceFiles(root: string): string[] {
  return sourceFolders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
    )
    .filter((path) => path.endsWith('.ts'));
}

/** Runs dependency-cruiser over the tree in `root` with that tree's own configuration. */
export async function cruise(root: string): Promise<Cruise> {
  const tool = join(checkoutRoot(), 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const folders = sourceFolders.filter((folder) => existsSync(join(root, folder)));
  const args = [tool, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const { stdout, output } = await runTool({ command: process.execPath, args, cwd: root });
  if (!stdout.startsWith('{'))
    throw new FreshetError('architecture_unread', `dependency-cruiser gave no report:\n${output}`);
  const { modules, summary } = JSON.parse(stdout) as Output;
  const ours = modules.filter(({ source }) => sourceFolders.some((folder) => source.startsWith(`${folder}/`)));
  return {
    violations: summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
    modules: ours.length,
    files: sourceFiles(root).length,
  };
}

/** What breaks the dependency rule, in lines; also where the tool saw less than there is. */
export async function architectureProblems(root: string): Promise<string[]> {
  const { violations, modules, files } = await cruise(root);
  const unseen = modules < files ? [`only ${modules} of ${files} files were read: the check proves nothing`] : [];
  return [...violations.map(({ rule, from, to }) => `${rule}: ${from} → ${to}`), ...unseen];
}
