import { Command } from 'commander';
import { benchCodec, type CodecRun, type CodecSystem } from '../load/codec.ts';
import { median, spread } from '../load/harness/statistics.ts';
import { benchAggregateCommand } from './bench-aggregate.ts';
import { benchFreshnessCommand } from './bench-freshness.ts';
import { benchIngestCommand } from './bench-ingest.ts';
import { benchRelayCommand } from './bench-relay.ts';
import { benchServeCommand } from './bench-serve.ts';
import { type JsonOption, jsonOption, writeReport } from './report.ts';
import { wholeNumber } from './whole-number.ts';

interface Options {
  readonly rounds: number;
  readonly json?: JsonOption;
}

function figures(runs: readonly CodecRun[], system: CodecSystem) {
  const own = runs.filter((run) => run.system === system);
  const rates = spread(own.map((run) => run.eventsPerSecond));
  return {
    eventsPerSecond: rates.median,
    from: rates.min,
    to: rates.max,
    cpuSecondsPerMillion: median(own.map((run) => run.cpuSecondsPerMillion)),
  };
}

async function codec(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { recordBytes, runs } = await benchCodec(options.rounds);
  const ours = figures(runs, 'freshet');
  const peers = { avsc: figures(runs, 'avsc'), 'kafkajs registry': figures(runs, 'kafkajs registry') };
  const rssMiB = Math.round(process.memoryUsage.rss() / 1_048_576);
  const summary = { ...ours, rssMiB, peers };
  await writeReport(options.json, {
    command: 'bench codec',
    startedAt,
    config: { rounds: options.rounds, recordBytes },
    runs,
    summary,
  });
  const line = (name: string, { eventsPerSecond, cpuSecondsPerMillion }: typeof ours) =>
    `${name.padEnd(16)} ${eventsPerSecond.toLocaleString('en').padStart(9)} records/s  ${cpuSecondsPerMillion} CPU s a million  1/${(ours.eventsPerSecond / eventsPerSecond).toFixed(2)}`;
  const lines = [
    `decoding ${recordBytes} bytes with a reader schema, median of ${options.rounds} runs`,
    line('freshet', ours),
    ...Object.entries(peers).map(([name, peer]) => line(name, peer)),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** `freshet bench codec`. */
export function benchCommand(): Command {
  const command = new Command('bench').description('figures of this machine, each verified before it is given');
  command
    .command('codec')
    .description("decode records of an older schema, beside avsc's own decoder and the registry client's")
    .option('--rounds <count>', 'runs of each system', wholeNumber, 7)
    .option(...jsonOption)
    .action(codec);
  command.addCommand(benchAggregateCommand());
  command.addCommand(benchFreshnessCommand());
  command.addCommand(benchIngestCommand());
  command.addCommand(benchRelayCommand());
  command.addCommand(benchServeCommand());
  return command;
}
