import { Command } from 'commander';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import type { SchemasPlan } from '../schemas/plan.ts';
import { checkoutRoot } from '../stack/paths.ts';
import { type JsonOption, jsonOption, say, writeReport } from './report.ts';
import { formatOption, type ReportFormat } from './schemas-format.ts';

// What reads the catalogue is imported when needed: `generate` has to work while generated modules are broken.

interface Options {
  readonly json?: JsonOption;
  readonly registry?: string;
}

const registryOption = ['--registry <url>', 'registry; default FRESHET_REGISTRY_URL, else the running stack'] as const;

async function target(options: Options) {
  const { configuredTopics, registryOf } = await import('./connection.ts');
  const registry = registryOf(options.registry);
  return { registryUrl: registry.url, registry, root: checkoutRoot(), topics: configuredTopics().avro };
}

async function apply(options: Options & { readonly dryRun?: boolean }): Promise<void> {
  const startedAt = new Date().toISOString();
  const [{ applySchemas }, { appliedLines, newVersions }] = await Promise.all([
    import('../schemas/apply.ts'),
    import('../schemas/apply-text.ts'),
  ]);
  const dryRun = options.dryRun === true;
  const where = await target(options);
  const subjects = await applySchemas({ ...where, log: createLogger('warn'), dryRun });
  const lines = subjects.flatMap(appliedLines);
  say(options, lines.length > 0 ? lines : ['nothing to do']);
  const { host } = new URL(where.registryUrl);
  const summary = {
    subjects: subjects.length,
    registered: dryRun ? 0 : newVersions(subjects),
    pending: dryRun ? newVersions(subjects) : 0,
  };
  const config = { registry: host, dryRun };
  await writeReport(options.json, { command: 'schemas apply', startedAt, config, runs: subjects, summary });
}

async function plan(options: Options & { readonly format: ReportFormat }): Promise<void> {
  const startedAt = new Date().toISOString();
  const [{ planSchemas }, { planLines, planMarkdown }] = await Promise.all([
    import('../schemas/plan.ts'),
    import('../schemas/plan-text.ts'),
  ]);
  const where = await target(options);
  const planned: SchemasPlan = await planSchemas(where);
  const { host } = new URL(where.registryUrl);
  say(options, options.format === 'markdown' ? [planMarkdown(planned, host)] : planLines(planned));
  const { findings, subjects } = planned;
  const refused = subjects.filter(({ refusals }) => refusals.length > 0).length;
  const summary = { findings: findings.length, subjects: subjects.length, refused };
  const runs = findings.length > 0 ? findings : subjects;
  await writeReport(options.json, { command: 'schemas plan', startedAt, config: { registry: host }, runs, summary });
  if (findings.length + refused > 0) process.exitCode = 1;
}

/** `freshet schemas plan | apply`. */
export function registryCommands(): Command[] {
  return [
    new Command('plan')
      .description(
        'what apply would do, what the registry says of it, who is deployed first; exit code 1 where refused',
      )
      .option(...registryOption)
      .addOption(formatOption())
      .option(...jsonOption)
      .action(plan),
    new Command('apply')
      .description("register the recorded versions, in order, under each subject's compatibility level")
      .option('--dry-run', 'only say what would be registered')
      .option(...registryOption)
      .option(...jsonOption)
      .action(apply),
  ];
}
