import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkoutRoot } from '../../../ops/stack/paths.ts';
import { runTool } from '../../../ops/stack/run-tool.ts';
import { countLine } from '../../support/count-reporter.ts';
import { plantTree } from '../tools/planted-tree.ts';

const root = checkoutRoot();
const reporter = join(root, 'test', 'support', 'count-reporter.ts');
const passes = "import { it } from 'vitest';\nit('passes', () => {});\n";

/** Runs vitest over made-up test files; returns its exit code and the last line it printed. */
async function lastLine(files: Readonly<Record<string, string>>) {
  const tree = plantTree({
    'package.json': '{ "type": "module" }',
    'vitest.config.ts': `export default { test: { reporters: ['default', ${JSON.stringify(reporter)}] } };`,
    ...files,
  });
  planted.push(tree);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const { code, stdout } = await runTool({
    command: process.execPath,
    args: [vitest, 'run', '--root', tree.folder],
    cwd: root,
    env: { VITEST: '', VITEST_WORKER_ID: '', VITEST_POOL_ID: '' },
  });
  return { code, line: stdout.trimEnd().split('\n').at(-1) };
}
const planted: { remove(): void }[] = [];

/** Each file goes wrong in its own way; what it adds to the counts is in its name. */
const files = {
  '1-passed-1-failed-1-skipped.test.ts':
    "import { it } from 'vitest';\nit('passes', () => {});\nit('fails', () => { throw new Error('no'); });\nit.skip('waits', () => {});\n",
  '1-failed-by-import.test.ts': "import './nowhere.ts';\n",
  '2-passed-1-failed-outside-any-test.test.ts': `${passes}it('leaves a promise behind', () => { void Promise.reject(new Error('left')); });\n`,
  '1-failed-by-hook-1-skipped.test.ts':
    "import { beforeAll, describe, it } from 'vitest';\ndescribe('suite', () => {\n  beforeAll(() => { throw new Error('no'); });\n  it('never runs', () => {});\n});\n",
};

describe('the last line of a test run', () => {
  afterAll(() => {
    for (const tree of planted) tree.remove();
  });

  it('counts failed tests, files that cannot be imported, failed hooks and errors outside any test', async () => {
    expect(await lastLine(files)).toEqual({ code: 1, line: '3 passed, 4 failed, 2 skipped' });
  });

  it('is a failure where the run could not begin', async () => {
    const config = `export default { test: { globalSetup: './setup.ts', reporters: ['default', ${JSON.stringify(reporter)}] } };`;
    const setUp = "export function setup() { throw new Error('no servers'); }\n";
    const begun = await lastLine({ 'vitest.config.ts': config, 'setup.ts': setUp, 'one.test.ts': passes });
    expect(begun).toEqual({ code: 1, line: '0 passed, 1 failed' });
  });

  it('leaves out the skipped where there are none', () => {
    expect(countLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
  });

  it('is made by the last reporter of the configuration', () => {
    expect(readFileSync(join(root, 'vitest.config.ts'), 'utf8')).toContain("'./test/support/count-reporter.ts'],");
  });
});
