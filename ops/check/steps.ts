import { join } from 'node:path';
import { runTool } from '../stack/run-tool.ts';
import { architectureProblems } from './architecture.ts';
import { checkSizes } from './sizes.ts';

export interface StepResult {
  /** What is wrong, in lines; empty where all is well. */
  readonly problems: readonly string[];
  /** A few words for the line of a step that passed. */
  readonly note?: string;
}

/** One thing that must hold for a change to land. */
export interface CheckStep {
  readonly name: string;
  run(root: string): Promise<StepResult>;
}

/** A program of the checkout, run by the Node of this process; it must end with 0. */
function program(name: string, path: string, args: readonly string[]): CheckStep {
  return {
    name,
    async run(root) {
      const { code, output } = await runTool({
        command: process.execPath,
        args: [join(root, path), ...args],
        cwd: root,
      });
      const lines = output.trimEnd().split('\n');
      return code === 0 ? { problems: [], note: lines.at(-1) ?? '' } : { problems: [...lines, `ended with ${code}`] };
    },
  };
}

const freshet = (name: string, ...args: string[]): CheckStep => program(name, 'ops/cli/freshet.js', args);

const architecture: CheckStep = {
  name: 'architecture',
  run: async (root) => ({ problems: await architectureProblems(root) }),
};

const sizes: CheckStep = {
  name: 'sizes',
  async run(root) {
    const { files, median, largest, problems } = checkSizes(root);
    return { problems, note: `${files} files, median ${median} lines, largest ${largest.path} with ${largest.lines}` };
  },
};

const tiers = (name: string, ...projects: string[]): CheckStep =>
  program(name, 'node_modules/vitest/vitest.mjs', ['run', ...projects.flatMap((project) => ['--project', project])]);

/** In the order of what is quick to tell. */
export const checkSteps: readonly CheckStep[] = [
  sizes,
  program('types', 'node_modules/typescript/bin/tsc', ['--pretty', 'false']),
  program('lint', 'node_modules/@biomejs/biome/bin/biome', ['check', '--max-diagnostics=40', '.']),
  architecture,
  program('dead code', 'node_modules/knip/bin/knip.js', ['--no-progress']),
  freshet('schemas', 'schemas', 'check'),
  freshet('migrations', 'migrate', 'check'),
  freshet('documents', 'docs', '--check'),
  tiers('tests', 'unit', 'contract'),
];
