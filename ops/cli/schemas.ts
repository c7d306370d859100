import { Command } from 'commander';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { generateSchemas } from '../schemas/generate.ts';
import { checkoutRoot } from '../stack/paths.ts';
import { type JsonOption, jsonOption, say, writeReport } from './report.ts';

// All but `generate` read the catalogue, which the generated modules are part of: those are imported when needed,
// so that `generate` works while they are broken.

interface Options {
  readonly json?: JsonOption;
}

function generate(): void {
  const changed = generateSchemas(checkoutRoot());
  say({}, changed.length > 0 ? changed : ['schemas/generated is up to date']);
}

async function check(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { checkSchemas } = await import('../schemas/check.ts');
  const { findingLine } = await import('../schemas/schema-files.ts');
  const findings = checkSchemas(checkoutRoot());
  say(
    options,
    findings.length > 0 ? findings.map(findingLine) : ['schemas follow the rules and fit every recorded version'],
  );
  const summary = { findings: findings.length };
  await writeReport(options.json, { command: 'schemas check', startedAt, config: {}, runs: findings, summary });
  if (findings.length > 0) process.exitCode = 1;
}

async function record(): Promise<void> {
  const changed = generateSchemas(checkoutRoot());
  const { recordVersions } = await import('../schemas/record.ts');
  const recorded = recordVersions(checkoutRoot());
  say({}, recorded.length > 0 ? [...changed, ...recorded] : ['every schema is recorded already']);
}

async function apply(options: Options & { readonly dryRun?: boolean; readonly registry?: string }): Promise<void> {
  const startedAt = new Date().toISOString();
  const { applySchemas } = await import('../schemas/apply.ts');
  const { configuredTopics, serverOf } = await import('./connection.ts');
  const registryUrl = serverOf('registryUrl', options.registry);
  const dryRun = options.dryRun === true;
  const log = createLogger('warn');
  const subjects = await applySchemas({
    registryUrl,
    root: checkoutRoot(),
    topics: configuredTopics().avro,
    log,
    dryRun,
  });
  const lines = subjects.flatMap(({ subject, versions }) =>
    versions
      .filter(({ action }) => action !== 'present')
      .map(
        ({ version, id, action }) => `${action.padEnd(14)} ${subject} v${version}${id === null ? '' : ` (id ${id})`}`,
      ),
  );
  say(options, lines.length > 0 ? lines : ['nothing to do']);
  const { host } = new URL(registryUrl);
  const summary = {
    subjects: subjects.length,
    registered: dryRun ? 0 : lines.length,
    pending: dryRun ? lines.length : 0,
  };
  await writeReport(options.json, {
    command: 'schemas apply',
    startedAt,
    config: { registry: host, dryRun },
    runs: subjects,
    summary,
  });
}

/** `freshet schemas generate | check | record | apply`. */
export function schemasCommand(): Command {
  const command = new Command('schemas').description('Record schemas: their rules, their versions and the registry');
  command.command('generate').description('write schemas/generated from schemas/events').action(generate);
  command
    .command('check')
    .description(
      'rules, compatibility with every recorded version, generated files; offline; exit code 1 where there are findings',
    )
    .option(...jsonOption)
    .action(check);
  command
    .command('record')
    .description('make changed schemas the next version in schemas/history, with golden bytes; then commit both')
    .action(record);
  command
    .command('apply')
    .description('register the recorded versions, in order, under FULL_TRANSITIVE')
    .option('--dry-run', 'only say what would be registered')
    .option('--registry <url>', 'registry; default FRESHET_REGISTRY_URL, else the running stack')
    .option(...jsonOption)
    .action(apply);
  return command;
}
