import { Command } from 'commander';
import { benchCodec, type CodecRun } from '../load/codec.ts';
import { benchAggregateCommand } from './bench-aggregate.ts';
import { benchIngestCommand } from './bench-ingest.ts';
import { benchRelayCommand } from './bench-relay.ts';
import { type JsonOption, jsonOption, writeReport } from './report.ts';
import { wholeNumber } from './whole-number.ts';

interface Options {
  readonly rounds: number;
  readonly json?: JsonOption;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

function figures(runs: readonly CodecRun[], system: CodecRun['system']) {
  const own = runs.filter((run) => run.system === system);
  return {
    eventsPerSecond: medianOf(own.map((run) => run.eventsPerSecond)),
    cpuSecondsPerMillion: medianOf(own.map((run) => run.cpuSecondsPerMillion)),
  };
}

async function codec(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { recordBytes, runs } = await benchCodec(options.rounds);
  const ours = figures(runs, 'freshet');
  const peer = figures(runs, 'avsc');
  const rssMiB = Math.round(process.memoryUsage.rss() / 1_048_576);
  const summary = { ...ours, rssMiB, peers: { avsc: peer } };
  await writeReport(options.json, {
    command: 'bench codec',
    startedAt,
    config: { rounds: options.rounds, recordBytes },
    runs,
    summary,
  });
  const line = (name: string, { eventsPerSecond, cpuSecondsPerMillion }: typeof ours) =>
    `${name.padEnd(8)} ${eventsPerSecond.toLocaleString('en')} records/s  ${cpuSecondsPerMillion} CPU s a million`;
  const lines = [
    `decoding ${recordBytes} bytes with a reader schema, median of ${options.rounds} runs`,
    line('freshet', ours),
    line('avsc', peer),
    `ratio    ${(ours.eventsPerSecond / peer.eventsPerSecond).toFixed(2)}`,
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** `freshet bench codec`. */
export function benchCommand(): Command {
  const command = new Command('bench').description('figures of this machine, each verified before it is given');
  command
    .command('codec')
    .description("decode records of an older schema, beside avsc's own decoder")
    .option('--rounds <count>', 'runs of each system', wholeNumber, 7)
    .option(...jsonOption)
    .action(codec);
  command.addCommand(benchAggregateCommand());
  command.addCommand(benchIngestCommand());
  command.addCommand(benchRelayCommand());
  return command;
}
