import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { runTool } from '../stack/run-tool.ts';

/** Reads files as they were at a commit. */
export interface FilesAt {
  /** Paths below a folder, relative to the checkout; none where it was not there. */
  list(folder: string): Promise<readonly string[]>;
  /** Undefined where the file was not there. */
  read(path: string): Promise<string | undefined>;
  /**
   * Makes folders of the checkout what they were, with git's index: a conflict in them is over, and what only the
   * checkout has is gone from them. Rejects with FreshetError `restore_failed`.
   */
  restore(folders: readonly string[]): Promise<void>;
}

/** Rejects with FreshetError `ref_unknown` where git does not know the commit, branch or tag in the checkout. */
export async function filesAt(root: string, ref: string): Promise<FilesAt> {
  const git = (...args: string[]) => runTool({ command: 'git', args: ['-C', root, ...args] });
  const inside = await git('rev-parse', '--is-inside-work-tree').catch(() => undefined); // where there is no git at all
  if (inside?.code !== 0) {
    const remedy = 'run it where both are, or leave the commit out';
    throw new FreshetError(
      'ref_unknown',
      `${ref || '(empty)'} cannot be looked up: this is no checkout of git, or git is not installed; ${remedy}`,
    );
  }
  const { code, stdout } = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`);
  if (code !== 0) {
    const remedy = 'name a commit, branch or tag that `git rev-parse` finds; a shallow clone has to fetch it first';
    throw new FreshetError('ref_unknown', `git does not know ${ref || '(empty)'} here; ${remedy}`);
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
    async restore(folders) {
      for (const args of [
        ['restore', `--source=${commit}`, '--staged', '--worktree', '--', ...folders],
        ['clean', '--force', '-d', '--quiet', '--', ...folders],
      ]) {
        const { code: failed, output } = await git(...args);
        if (failed !== 0) throw new FreshetError('restore_failed', `git ${args[0]} says: ${output.trim()}`);
      }
    },
  };
}
