import { Command, InvalidArgumentError } from 'commander';
import { benchJson, benchMarkdown, recordBaseline } from '../load/harness/bench-report.ts';
import { describeMachine } from '../load/harness/machine.ts';
import { benchIngest, type IngestRun } from '../load/ingest/bench.ts';
import { ingestReport } from '../load/ingest/report.ts';
import { firstSignal } from '../process/signals.ts';
import { ensureStack } from '../stack/stack.ts';
import { type JsonOption, jsonOption, writeText } from './report.ts';

interface Options {
  readonly rounds: number;
  readonly batches: number;
  readonly connections: number;
  readonly singles: number;
  readonly rate: number;
  readonly nodeOptions: string;
  readonly baseline?: true;
  readonly json?: JsonOption;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('takes a whole number from 1 on');
  return value;
}

function sayRun({ load, eventsPerSecond, latency, cpuSecondsPerMillion }: IngestRun): void {
  const figures = `${eventsPerSecond} events/s  p50 ${latency.p50} ms  p99 ${latency.p99} ms  ${cpuSecondsPerMillion} CPU s/M`;
  process.stderr.write(`${load.padEnd(8)} ${figures}\n`);
}

async function ingest(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { rounds, batches, connections, singles, rate: singlesPerSecond } = options;
  const nodeOptions = options.nodeOptions.split(' ').filter((option) => option !== '');
  const given = { rounds, batches, connections, singles, singlesPerSecond, nodeOptions };
  const urls = await ensureStack();
  const machine = await describeMachine(urls);
  const bench = await benchIngest(urls, { ...given, onRun: sayRun, signal: firstSignal().aborted });
  const counts = { rounds, batches, connections, singles, rate: singlesPerSecond };
  const command = ['bench ingest', ...Object.entries(counts).map(([name, value]) => `--${name} ${value}`)].join(' ');
  const report = ingestReport(bench, given, { command, startedAt, machine });
  await writeText(options.json, benchJson(report));
  if (options.baseline) recordBaseline('ingest', report);
  (options.json === true ? process.stderr : process.stdout).write(benchMarkdown(report));
}

/** `freshet bench ingest`. */
export function benchIngestCommand(): Command {
  return new Command('ingest')
    .description('events by HTTP into the outbox: rate in batches, latency of single events')
    .option('--rounds <count>', 'runs of each load', positive, 5)
    .option('--batches <count>', 'requests of 100 events a run', positive, 1_000)
    .option('--connections <count>', 'connections that send batches', positive, 8)
    .option('--singles <count>', 'requests of one event a run', positive, 5_000)
    .option('--rate <count>', 'single events a second', positive, 500)
    .option('--node-options <options>', 'for the measured process, such as "--cpu-prof"', '')
    .option('--baseline', 'keep the report in ops/load/baselines/')
    .option(...jsonOption)
    .action(ingest);
}
