import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkoutRoot } from '../../../ops/stack/paths.ts';
import { runTool } from '../../../ops/stack/run-tool.ts';
import { type PlantedFiles, plantTree } from './planted-tree.ts';

const root = checkoutRoot();
const lines = (count: number, text: string) =>
  Array.from({ length: count }, (_, index) => text.replace('#', String(index))).join('\n');
const send = 'export async function send(): Promise<number> {\n  return 1;\n}\n';

/** One violation a rule of ours, each in a file of its own: rule → path and content. */
const plants: Readonly<Record<string, readonly [path: string, content: string]>> = {
  'complexity/noExcessiveLinesPerFunction': [
    'ops/long.ts',
    `export function long(): void {\n${lines(61, '  performance.mark("#");')}\n}\n`,
  ],
  'complexity/useMaxParams': [
    'ops/wide.ts',
    'export const wide = (a: 1, b: 1, c: 1, d: 1, e: 1): number => a + b + c + d + e;\n',
  ],
  'complexity/noUselessCatch': [
    'ops/catches.ts',
    'export function go(one: () => void): void {\n  try {\n    one();\n  } catch (error) {\n    throw error;\n  }\n}\n',
  ],
  'correctness/noUnusedImports': ['ops/unused-import.ts', "import { join } from 'node:path';\nexport const one = 1;\n"],
  'correctness/noUnusedVariables': ['ops/unused.ts', 'const unused = 1;\nexport const one = 1;\n'],
  'nursery/noFloatingPromises': ['ops/floating.ts', `${send}export function go(): void {\n  send();\n}\n`],
  'nursery/noMisusedPromises': [
    'ops/misused.ts',
    `${send}export const truth = (): boolean => {\n  if (send()) return true;\n  return false;\n};\n`,
  ],
  'nursery/useExhaustiveSwitchCases': [
    'ops/exhaustive.ts',
    "type Kind = 'a' | 'b';\nexport function letter(kind: Kind): number {\n  switch (kind) {\n    case 'a':\n      return 1;\n  }\n  return 0;\n}\n",
  ],
  'nursery/noJsRestrictedProperties': ['pipeline/domain/now.ts', 'export const now = (): number => Date.now();\n'],
  'style/noDefaultExport': ['ops/default.ts', 'export default 1;\n'],
  'style/noEnum': ['ops/enumeration.ts', 'export enum Letter {\n  A = 1,\n}\n'],
  'style/noExcessiveLinesPerFile': ['ops/giant.ts', `${lines(401, 'export const a# = 1;')}\n`],
  'style/noNamespace': ['ops/space.ts', 'export namespace Space {\n  export const one = 1;\n}\n'],
  'style/noNonNullAssertion': ['ops/non-null.ts', 'export const first = (all: number[]): number => all[0]!;\n'],
  'style/noParameterProperties': [
    'ops/parameter.ts',
    'export class One {\n  constructor(readonly one: number) {}\n}\n',
  ],
  'style/noProcessEnv': ['serving/environment.ts', 'export const home = process.env.HOME;\n'],
  'style/noRestrictedGlobals': [
    'test/unit/sleeps.test.ts',
    'export const sleep = (go: () => void): unknown => setTimeout(go, 10);\n',
  ],
  'style/noRestrictedImports': [
    'test/unit/naps.test.ts',
    "import { setTimeout as delay } from 'node:timers/promises';\nexport const nap = (): Promise<void> => delay(1);\n",
  ],
  'style/useFilenamingConvention': ['ops/camelCase.ts', 'export const one = 1;\n'],
  'style/useImportType': [
    'ops/type-import.ts',
    "import { Stats } from 'node:fs';\nexport type Size = Stats['size'];\n",
  ],
  'style/useNodejsImportProtocol': [
    'ops/protocol.ts',
    "import { join } from 'path';\nexport const two = join('a', 'b');\n",
  ],
  'style/useThrowOnlyError': ['ops/throws.ts', "export function fail(): never {\n  throw 'no';\n}\n"],
  'suspicious/noConsole': ['ops/prints.ts', "console.log('hello');\nexport const one = 1;\n"],
  'suspicious/noExplicitAny': ['ops/anything.ts', 'export const anything = (one: any): string => String(one);\n'],
  'suspicious/noFocusedTests': [
    'test/unit/focused.test.ts',
    "import { it } from 'vitest';\nit.only('runs alone', () => {});\n",
  ],
  'suspicious/noSkippedTests': [
    'test/unit/skipped.test.ts',
    "import { it } from 'vitest';\nit.skip('does not run', () => {});\n",
  ],
};

/** Ways to lose a promise: the type-aware rule must see through imports, interfaces and arrays. */
const lostPromises = [
  'send();',
  'port.send(1);',
  'port?.send(1);',
  'flag && port.send(1);',
  'send().then(() => 1);',
  'Promise.all([send()]);',
  'list.map((one) => port.send(one));',
  'list.forEach((one) => port.send(one));',
];
const port = `${send}export interface Port {\n  send(value: number): Promise<void>;\n}\n`;
const losing = (statement: string) =>
  `import { type Port, send } from './port.ts';\n\nexport const used = send;\nexport function lose(port: Port, list: number[], flag: boolean): void {\n  ${statement}\n}\n`;
const promiseFiles: PlantedFiles = {
  'ops/lost/port.ts': port,
  ...Object.fromEntries(lostPromises.map((statement, index) => [`ops/lost/way-${index}.ts`, losing(statement)])),
};

/** Where an exception of ours must hold. */
const allowed: PlantedFiles = {
  'pipeline/kernel/clock.ts': 'export const now = (): number => Date.now();\n',
  'pipeline/main.ts': 'export const home = process.env.HOME;\n',
  'vitest.config.ts': 'export default {};\n',
  'test/support/waits.ts':
    "import { setTimeout as delay } from 'node:timers/promises';\nexport const nap = (): Promise<void> => delay(1);\n",
};

interface Diagnostic {
  readonly category: string;
  readonly severity: string;
  readonly location: { readonly path: string | { readonly file: string } };
}

async function lint(folder: string): Promise<{ rule: string; path: string }[]> {
  const biome = join(root, 'node_modules', '.bin', 'biome');
  const run = await runTool({
    command: biome,
    args: ['lint', '--reporter=json', '--max-diagnostics=none', '.'],
    cwd: folder,
  });
  const { diagnostics } = JSON.parse(run.stdout) as { diagnostics: Diagnostic[] };
  return diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ category, location: { path } }) => ({
      rule: category.replace(/^lint\//, ''),
      path: typeof path === 'string' ? path : path.file,
    }));
}

describe('the lint rules', () => {
  const copied = ['biome.json', 'tsconfig.json', 'package.json', '.gitignore'].map((name) => [
    name,
    readFileSync(join(root, name), 'utf8'),
  ]);
  const tree = plantTree({
    ...Object.fromEntries(copied),
    ...allowed,
    ...promiseFiles,
    ...Object.fromEntries(Object.values(plants)),
  });
  let found: { rule: string; path: string }[] = [];
  beforeAll(async () => {
    found = await lint(tree.folder);
  });
  afterAll(() => tree.remove());

  it('have a plant for each rule that biome.json names as an error', () => {
    const named = new Set<string>();
    const collect = (rules: Readonly<Record<string, unknown>>) => {
      for (const [group, members] of Object.entries(rules)) {
        if (typeof members !== 'object' || members === null) continue;
        for (const [rule, setting] of Object.entries(members)) {
          const level = typeof setting === 'string' ? setting : setting.level;
          if (level === 'error') named.add(`${group}/${rule}`);
        }
      }
    };
    const configuration = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
    collect(configuration.linter.rules);
    for (const { linter } of configuration.overrides) collect(linter.rules);
    expect([...named].sort()).toEqual(Object.keys(plants).sort());
  });

  it.each(Object.entries(plants))('catch what breaks %s', (rule, [path]) => {
    expect(found).toContainEqual({ rule, path });
  });

  it.each(lostPromises.map((statement, index) => [statement, `ops/lost/way-${index}.ts`]))(
    'catch the promise lost by %s',
    (_, path) => {
      const rules = found.filter((one) => one.path === path).map(({ rule }) => rule);
      expect(rules.some((rule) => ['nursery/noFloatingPromises', 'nursery/noMisusedPromises'].includes(rule))).toBe(
        true,
      );
    },
  );

  it.each(Object.keys(allowed))('let %s do what others may not', (path) => {
    expect(found.filter((one) => one.path === path)).toEqual([]);
  });
});
