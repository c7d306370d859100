import { Command } from 'commander';
import { describeMachine } from '../load/harness/machine.ts';
import { benchIngest, type IngestRun } from '../load/ingest/bench.ts';
import { ingestReport } from '../load/ingest/report.ts';
import { firstSignal } from '../process/signals.ts';
import { ensureStack } from '../stack/stack.ts';
import { type BenchOutputOptions, giveReport, nodeOptionsOf, withBenchOutput } from './bench-output.ts';
import { wholeNumber } from './whole-number.ts';

interface Options extends BenchOutputOptions {
  readonly rounds: number;
  readonly batches: number;
  readonly connections: number;
  readonly singles: number;
  readonly rate: number;
}

function sayRun({ load, eventsPerSecond, latency, cpuSecondsPerMillion }: IngestRun): void {
  const figures = `${eventsPerSecond} events/s  p50 ${latency.p50} ms  p99 ${latency.p99} ms  ${cpuSecondsPerMillion} CPU s/M`;
  process.stderr.write(`${load.padEnd(8)} ${figures}\n`);
}

async function ingest(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { rounds, batches, connections, singles, rate: singlesPerSecond } = options;
  const given = { rounds, batches, connections, singles, singlesPerSecond, nodeOptions: nodeOptionsOf(options) };
  const urls = await ensureStack();
  const machine = await describeMachine(urls);
  const bench = await benchIngest(urls, { ...given, onRun: sayRun, signal: firstSignal().aborted });
  const counts = { rounds, batches, connections, singles, rate: singlesPerSecond };
  const command = ['bench ingest', ...Object.entries(counts).map(([name, value]) => `--${name} ${value}`)].join(' ');
  const report = ingestReport(bench, given, { command, startedAt, machine });
  await giveReport('ingest', report, options);
}

/** `freshet bench ingest`. */
export function benchIngestCommand(): Command {
  const command = new Command('ingest')
    .description('events by HTTP into the outbox: rate in batches, latency of single events')
    .option('--rounds <count>', 'runs of each load', wholeNumber, 5)
    .option('--batches <count>', 'requests of 100 events a run', wholeNumber, 1_000)
    .option('--connections <count>', 'connections that send batches', wholeNumber, 8)
    .option('--singles <count>', 'requests of one event a run', wholeNumber, 5_000)
    .option('--rate <count>', 'single events a second', wholeNumber, 500);
  return withBenchOutput(command, 'the measured process').action(ingest);
}
