import type { Command } from 'commander';
import { type BenchReport, benchJson, benchMarkdown, recordBaseline } from '../load/harness/bench-report.ts';
import { type JsonOption, jsonOption, writeText } from './report.ts';

/** Options of every bench that starts the measured process and gives a report. */
export interface BenchOutputOptions {
  readonly nodeOptions: string;
  readonly baseline?: true;
  readonly json?: JsonOption;
}

/** Adds them to a command; `measured` names the process in the help. */
export function withBenchOutput(command: Command, measured: string): Command {
  return command
    .option('--node-options <options>', `for ${measured}, such as "--cpu-prof"`, '')
    .option('--baseline', 'keep the report in ops/load/baselines/')
    .option(...jsonOption);
}

export const nodeOptionsOf = ({ nodeOptions }: BenchOutputOptions): string[] =>
  nodeOptions.split(' ').filter((option) => option !== '');

/** The tables for people, the document where `--json` says, and both as a baseline where that was asked for. */
export async function giveReport(name: string, report: BenchReport, options: BenchOutputOptions): Promise<void> {
  await writeText(options.json, benchJson(report));
  if (options.baseline) recordBaseline(name, report);
  (options.json === true ? process.stderr : process.stdout).write(benchMarkdown(report));
}
