import { Command } from 'commander';
import { checkoutRoot } from '../stack/paths.ts';
import { type JsonOption, jsonOption, say, writeReport } from './report.ts';
import { changeCommands } from './schemas-change.ts';
import { formatOption, type ReportFormat } from './schemas-format.ts';
import { registryCommands } from './schemas-registry.ts';
import { sourceCheckout } from './source-checkout.ts';

// What reads the catalogue is imported when needed: `generate` has to work while generated modules are broken.

interface Options {
  readonly json?: JsonOption;
}

async function check(options: Options & { readonly against?: string }): Promise<void> {
  const startedAt = new Date().toISOString();
  const { checkSchemas } = await import('../schemas/check.ts');
  const { findingLine } = await import('../schemas/finding.ts');
  const { lockEdits } = await import('../schemas/lock.ts');
  const root = sourceCheckout();
  const edits = options.against === undefined ? [] : await lockEdits(root, options.against);
  const findings = [...checkSchemas(root), ...edits];
  const good = 'schemas follow the rules and fit every recorded version';
  say(options, findings.length > 0 ? findings.map(findingLine) : [good]);
  const summary = { findings: findings.length };
  await writeReport(options.json, { command: 'schemas check', startedAt, config: {}, runs: findings, summary });
  if (findings.length > 0) process.exitCode = 1;
}

async function diff(options: Options & { readonly against?: string; readonly format: ReportFormat }): Promise<void> {
  const startedAt = new Date().toISOString();
  const [{ diffSchemas }, { diffLines, diffMarkdown }, { checkSchemas }] = await Promise.all([
    import('../schemas/diff.ts'),
    import('../schemas/diff-text.ts'),
    import('../schemas/check.ts'),
  ]);
  const { against, format } = options;
  const found = await diffSchemas({ root: checkoutRoot(), ...(against && { against }) });
  say(options, format === 'markdown' ? [diffMarkdown(found, checkSchemas(checkoutRoot()))] : diffLines(found));
  const summary = { events: found.events.length, topics: found.topics.length };
  const config = { against: found.against };
  await writeReport(options.json, { command: 'schemas diff', startedAt, config, runs: found.events, summary });
  if (found.unread.length > 0) process.exitCode = 1;
}

/** `freshet schemas …`. */
export function schemasCommand(): Command {
  const command = new Command('schemas').description('Record schemas: their rules, their versions and the registry');
  command
    .command('check')
    .description(
      'rules, compatibility with every recorded version, generated files; offline; exit code 1 where there are findings',
    )
    .option('--against <ref>', 'also: that nothing recorded at this commit was recorded anew')
    .option(...jsonOption)
    .action(check);
  command
    .command('diff')
    .description('what changed in plain words, and who is deployed first')
    .option('--against <ref>', 'commit, branch or tag; the newest recorded versions where it is left out')
    .addOption(formatOption())
    .option(...jsonOption)
    .action(diff);
  for (const one of [...changeCommands(), ...registryCommands()]) command.addCommand(one);
  return command;
}
