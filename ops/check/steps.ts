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

interface LintReport {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly message: string;
    readonly location: { readonly path: string; readonly start: { readonly line: number } };
  }[];
}

/** Format and lint, warnings included, one line a finding. */
const lint: CheckStep = {
  name: 'lint',
  async run(root) {
    const tool = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
    const args = [tool, 'check', '--reporter=json', '--error-on-warnings', '--max-diagnostics=none', '.'];
    const { code, stdout, output } = await runTool({ command: process.execPath, args, cwd: root });
    if (!stdout.startsWith('{')) return { problems: [`biome gave no report:`, output] };
    const { diagnostics } = JSON.parse(stdout) as LintReport;
    const lines = diagnostics.map(
      ({ category, message, location: { path, start } }) => `${path}:${start.line} ${category}: ${message}`,
    );
    return { problems: code === 0 ? [] : [...lines, 'to fix what can be: npx biome check --write'] };
  },
};

const tiers = (name: string, ...projects: string[]): CheckStep =>
  program(name, 'node_modules/vitest/vitest.mjs', ['run', ...projects.flatMap((project) => ['--project', project])]);

/** In the order of what is quick to tell. */
export const checkSteps: readonly CheckStep[] = [
  sizes,
  program('types', 'node_modules/typescript/bin/tsc', ['--pretty', 'false']),
  lint,
  architecture,
  program('dead code', 'node_modules/knip/bin/knip.js', ['--no-progress']),
  freshet('schemas', 'schemas', 'check'),
  freshet('migrations', 'migrate', 'check'),
  freshet('documents', 'docs', '--check'),
  tiers('tests', 'unit', 'contract'),
];
