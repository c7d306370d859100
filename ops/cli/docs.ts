import { Command } from 'commander';
import { generateDocs } from '../docs/generate.ts';

const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');

/** `freshet docs`: the generated parts of README.md and .env.example. */
export function docsCommand(): Command {
  return new Command('docs')
    .description('generate the reference parts of README.md and .env.example')
    .option('--check', 'change nothing, exit 1 where something is out of date')
    .action((options: { check?: boolean }) => {
      const changed = generateDocs(root, { check: options.check === true });
      for (const file of changed) process.stderr.write(`${options.check ? 'out of date' : 'written'}: ${file}\n`);
      if (options.check && changed.length > 0) process.exitCode = 1;
    });
}
