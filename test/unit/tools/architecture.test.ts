import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cruise, cruise } from '../../../ops/check/architecture.ts';
import { checkoutRoot } from '../../../ops/stack/paths.ts';
import { type PlantedFiles, plantTree } from './planted-tree.ts';

const root = checkoutRoot();
const value = 'export const value = 1;\n';
const use = (specifier: string) => `import { value } from '${specifier}';\nexport const used = value;\n`;
const useType = (specifier: string) => `import type { value } from '${specifier}';\nexport type Used = typeof value;\n`;

/** One violation a rule: the file that must be reported. Others of the tree are what it imports. */
const plants: Readonly<Record<string, readonly [path: string, content: string]>> = {
  'no-cycle': ['pipeline/domain/cycle-a.ts', use('./cycle-b.ts')],
  'no-orphan': ['pipeline/domain/orphan.ts', value],
  'no-unresolvable': ['pipeline/domain/unresolvable.ts', use('./nowhere.ts')],
  'no-undeclared-package': ['ops/undeclared.ts', use('undeclared')],
  'no-development-package-in-product': ['pipeline/stores/postgres/development.ts', use('vitest')],
  'schemas-import-nothing-of-ours': ['schemas/upward.ts', use('../pipeline/domain/leaf.ts')],
  'avsc-only-in-generated-schemas': ['schemas/avro-elsewhere.ts', use('avsc')],
  'kernel-knows-no-domain-and-no-store': ['pipeline/kernel/knows-domain.ts', use('../domain/leaf.ts')],
  'only-the-runner-names-broker-ports': ['pipeline/kernel/names-port.ts', useType('../broker/port.ts')],
  'runner-takes-types-of-ports-only': ['pipeline/kernel/runner/takes-value.ts', use('../../broker/port.ts')],
  'domain-is-pure': ['pipeline/domain/uses-kernel.ts', use('../kernel/leaf.ts')],
  'domain-uses-no-platform': ['pipeline/domain/reads-files.ts', `${use('node:fs').replace('{ value }', 'value')}`],
  'domain-uses-zod-alone': ['pipeline/domain/uses-pino.ts', use('pino')],
  'ports-import-no-implementation': ['pipeline/stores/knows-real.ts', useType('./postgres/real.ts')],
  'implementations-stay-behind-their-ports': ['pipeline/stages/one/uses-real.ts', use('../../stores/postgres/real.ts')],
  'implementations-do-not-know-each-other': ['pipeline/stores/redis/uses-postgres.ts', use('../postgres/real.ts')],
  'implementations-import-no-stage-and-no-serving': [
    'pipeline/stores/redis/uses-stage.ts',
    use('../../stages/one/leaf.ts'),
  ],
  'stages-and-serving-take-types-of-ports-only': ['pipeline/stages/one/takes-value.ts', use('../../broker/port.ts')],
  'stages-do-not-know-each-other': ['pipeline/stages/one/uses-two.ts', use('../two/leaf.ts')],
  'stages-are-composed-in-main': ['serving/uses-stage.ts', use('../pipeline/stages/one/leaf.ts')],
  'serving-knows-no-broker': ['serving/uses-broker.ts', useType('../pipeline/broker/port.ts')],
  'serving-is-composed-in-main': ['pipeline/stages/one/uses-serving.ts', use('../../../serving/leaf.ts')],
  'main-is-imported-by-ops-and-tests': ['pipeline/stages/one/uses-main.ts', use('../../main.ts')],
  'ops-is-imported-by-nobody': ['pipeline/stages/one/uses-ops.ts', use('../../../ops/leaf.ts')],
  'test-is-imported-by-nobody': ['ops/uses-test.ts', use('../test/leaf.ts')],
  'drivers-only-in-implementations': ['pipeline/stages/one/uses-driver.ts', use('kafkajs')],
  'metrics-only-in-the-catalogue': ['pipeline/stages/one/uses-metrics.ts', use('prom-client')],
  'http-only-at-the-doors': ['pipeline/stages/one/uses-http.ts', use('hono')],
};

const leaves: PlantedFiles = {
  'pipeline/domain/cycle-b.ts': use('./cycle-a.ts'),
  'pipeline/domain/leaf.ts': value,
  'pipeline/kernel/leaf.ts': value,
  'pipeline/broker/port.ts': value,
  'pipeline/stores/postgres/real.ts': value,
  'pipeline/stages/one/leaf.ts': value,
  'pipeline/stages/two/leaf.ts': value,
  'pipeline/main.ts': use('./kernel/leaf.ts'),
  'serving/leaf.ts': value,
  'ops/leaf.ts': value,
  'test/leaf.ts': value,
};

/** What the rules allow, so that none of them is so wide that it forbids the intended way. */
const allowed: PlantedFiles = {
  'pipeline/kernel/runner/good.ts': useType('../../broker/port.ts'),
  'pipeline/domain/good.ts': `${use('zod')}import { createHash } from 'node:crypto';\nexport const hash = createHash('md5');\n`,
  'pipeline/stages/two/good.ts': `${use('../../domain/leaf.ts')}export type { value } from '../../broker/port.ts';\n`,
  'pipeline/stages/ingest/good.ts': use('hono'),
  'pipeline/stores/postgres/good.ts': `${use('pg')}export type { value } from '../port.ts';\n`,
  'pipeline/stores/port.ts': value,
  'pipeline/kernel/metrics.ts': use('prom-client'),
  'serving/good.ts': `${use('hono')}export type { value } from '../pipeline/stores/port.ts';\n`,
  'serving/main.ts': use('../pipeline/stores/postgres/real.ts'),
  'ops/good.ts': `${use('kafkajs')}export { used as main } from '../pipeline/main.ts';\n`,
  'test/good.test.ts': `${use('../pipeline/stores/postgres/real.ts')}export { used as ops } from '../ops/good.ts';\n`,
};

const packages = ['kafkajs', 'pg', 'avsc', 'pino', 'zod', 'hono', 'prom-client', 'vitest', 'undeclared'];
const installed: PlantedFiles = Object.fromEntries(
  packages.flatMap((name) => [
    [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
    [`node_modules/${name}/index.js`, 'exports.value = 1;\n'],
  ]),
);

const configuration: PlantedFiles = Object.fromEntries(
  ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'].map((name) => [
    name,
    readFileSync(join(root, name), 'utf8'),
  ]),
);

describe('the dependency rule', () => {
  const tree = plantTree({
    ...configuration,
    ...installed,
    ...leaves,
    ...allowed,
    ...Object.fromEntries(Object.values(plants)),
  });
  let { violations, modules, files }: Cruise = { violations: [], modules: 0, files: 0 };
  beforeAll(async () => {
    ({ violations, modules, files } = await cruise(tree.folder));
  });
  afterAll(() => tree.remove());

  it('has a planted violation for each of its rules', () => {
    const names = [...readFileSync(join(root, '.dependency-cruiser.cjs'), 'utf8').matchAll(/name: '([^']+)'/g)].map(
      ([, name]) => name,
    );
    expect(Object.keys(plants).sort()).toEqual(names.sort());
  });

  it('reads every file', () => {
    expect(files).toBeGreaterThan(Object.keys(plants).length);
    expect(modules).toBe(files);
  });

  it.each(Object.entries(plants))('catches what breaks %s', (rule, [path]) => {
    expect(violations).toContainEqual(expect.objectContaining({ rule, from: path }));
  });

  it.each(Object.keys(allowed))('has nothing against %s', (path) => {
    expect(violations.filter(({ from, rule }) => from === path && rule !== 'no-orphan')).toEqual([]);
  });
});
