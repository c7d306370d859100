import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { runTool } from '../stack/run-tool.ts';

/** Reads files as they were at a commit. */
export interface FilesAt {
  /** Paths below a folder, relative to the checkout; none where it was not there. */
  list(folder: string): Promise<readonly string[]>;
  /** Undefined where the file was not there. */
  read(path: string): Promise<string | undefined>;
}

/** Rejects with FreshetError `ref_unknown` where git does not know the commit, branch or tag in the checkout. */
export async function filesAt(root: string, ref: string): Promise<FilesAt> {
  const git = (...args: string[]) => runTool({ command: 'git', args: ['-C', root, ...args] });
  const { code, stdout } = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`);
  if (code !== 0) {
    const remedy = 'name a commit, branch or tag that `git rev-parse` finds; a shallow clone has to fetch it first';
    throw new FreshetError('ref_unknown', `--against: git does not know ${ref} here; ${remedy}`);
  }
  const commit = stdout.trim();
  const prefix = (await git('rev-parse', '--show-prefix')).stdout.trim();
  return {
    async list(folder) {
      const listed = await git('ls-tree', '-r', '-z', '--name-only', commit, `${folder}/`);
      return listed.stdout.split('\0').filter((path) => path !== '');
    },
    async read(path) {
      const shown = await git('show', `${commit}:${prefix}${path}`);
      return shown.code === 0 ? shown.stdout : undefined;
    },
  };
}
