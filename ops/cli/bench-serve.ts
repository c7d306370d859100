import { Command } from 'commander';
import { describeMachine } from '../load/harness/machine.ts';
import { benchServe } from '../load/serve/bench.ts';
import { serveReport } from '../load/serve/report.ts';
import { firstSignal } from '../process/signals.ts';
import { ensureStack } from '../stack/stack.ts';
import { type BenchOutputOptions, giveReport, nodeOptionsOf, withBenchOutput } from './bench-output.ts';
import { wholeNumber } from './whole-number.ts';

interface Options extends BenchOutputOptions {
  readonly runs: number;
  readonly users: number;
  readonly items: number;
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
  readonly requests: number;
  readonly peerSeconds: number;
}

async function serve(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { runs, users, items, rate, seconds, connections, requests, peerSeconds } = options;
  const given = {
    runs,
    users,
    items,
    rate,
    seconds,
    connections,
    requests,
    peerSeconds,
    nodeOptions: nodeOptionsOf(options),
  };
  const urls = await ensureStack();
  const machine = await describeMachine(urls);
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const bench = await benchServe(urls, { ...given, say, signal: firstSignal().aborted });
  const command = ['bench serve', ...process.argv.slice(4)].join(' ');
  await giveReport('serve', serveReport(bench, given, { command, startedAt, machine }), options);
}

/** `freshet bench serve`. */
export function benchServeCommand(): Command {
  const command = new Command('serve')
    .description('lists by HTTP: latency at a fixed rate, rate when saturated, Redis bytes; answers are compared')
    .option('--runs <count>', 'runs of each load', wholeNumber, 3)
    .option('--users <count>', 'users, a tenth of them cold', wholeNumber, 10_000)
    .option('--items <count>', 'items of the catalogue', wholeNumber, 20_000)
    .option('--rate <count>', 'requests a second of the fixed rate', wholeNumber, 1_000)
    .option('--seconds <count>', 'of each load', wholeNumber, 20)
    .option('--connections <count>', 'connections when saturated', wholeNumber, 20)
    .option('--requests <count>', 'requests when saturated, at least', wholeNumber, 100_000)
    .option('--peer-seconds <count>', 'of the naive handler; 0 leaves it out', Number, 20);
  return withBenchOutput(command, 'the measured process').action(serve);
}
