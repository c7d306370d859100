import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkoutRoot } from '../stack/paths.ts';
import { mustRun } from '../stack/run-tool.ts';

/** Read at run time by the commands that make sense without a checkout: migrate, schemas apply, topics, run. */
const assets = [
  'migrations',
  'schemas/events',
  'schemas/history',
  'ops/stack/pom.xml',
  'ops/stack/registry-database.sql',
];

/**
 * What `npm pack` takes along: `dist` is the tree once more, as JavaScript, since Node strips no types below
 * node_modules. Paths within it are those of the checkout, so nothing has to know where it runs from.
 */
const root = checkoutRoot();
const dist = join(root, 'dist');
await rm(dist, { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
await mustRun({ command: process.execPath, args: [tsc, '--project', 'tsconfig.build.json'], cwd: root });
for (const asset of assets) await cp(join(root, asset), join(dist, asset), { recursive: true });
const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, string>;
await writeFile(join(dist, 'package.json'), `${JSON.stringify({ name, version, type: 'module' }, null, 2)}\n`);
