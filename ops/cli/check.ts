import { Command } from 'commander';
import { type CheckStep, checkSteps } from '../check/steps.ts';
import { checkoutRoot } from '../stack/paths.ts';
import { type JsonOption, jsonOption, writeReport } from './report.ts';

interface Options {
  readonly json?: JsonOption;
  readonly only?: readonly string[];
}

interface StepRun {
  readonly step: string;
  readonly ok: boolean;
  readonly durationMs: number;
  readonly problems: readonly string[];
}

async function runStep(step: CheckStep, stream: NodeJS.WriteStream): Promise<StepRun> {
  const startedAt = performance.now();
  const { problems, note = '' } = await step.run(checkoutRoot());
  const durationMs = Math.round(performance.now() - startedAt);
  const ok = problems.length === 0;
  const time = `${(durationMs / 1_000).toFixed(1)} s`;
  stream.write(`${ok ? 'ok  ' : 'FAIL'} ${step.name.padEnd(12)} ${time.padStart(7)}  ${ok ? note : ''}`.trimEnd());
  stream.write('\n');
  for (const problem of problems) stream.write(`     ${problem}\n`);
  return { step: step.name, ok, durationMs, problems };
}

function chosen(only: readonly string[] | undefined): readonly CheckStep[] {
  const steps = only ? checkSteps.filter(({ name }) => only.includes(name)) : checkSteps;
  if (steps.length > 0) return steps;
  throw new Error(`there is no such step; there are ${checkSteps.map(({ name }) => name).join(', ')}`);
}

async function check(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const stream = options.json === true ? process.stderr : process.stdout;
  const runs: StepRun[] = [];
  for (const step of chosen(options.only)) runs.push(await runStep(step, stream));
  const failed = runs.filter(({ ok }) => !ok).length;
  const summary = { passed: runs.length - failed, failed };
  await writeReport(options.json, { command: 'check', startedAt, config: {}, runs, summary });
  if (failed > 0) process.exitCode = 1;
}

/** `freshet check`: everything that must hold for a change to land, but the slower tiers of tests. */
export function checkCommand(): Command {
  return new Command('check')
    .description('types, lint, architecture, dead code, sizes, schemas, migrations, documents, unit and contract tests')
    .option('--only <step...>', 'run these steps alone')
    .option(...jsonOption)
    .action(check);
}
