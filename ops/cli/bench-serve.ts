import { Command } from 'commander';
import { describeMachine } from '../load/harness/machine.ts';
import { benchServe } from '../load/serve/bench.ts';
import { benchOutage } from '../load/serve/outage.ts';
import { outageReport } from '../load/serve/outage-report.ts';
import { serveReport } from '../load/serve/report.ts';
import { firstSignal } from '../process/signals.ts';
import { ensureStack } from '../stack/stack.ts';
import { type BenchOutputOptions, giveReport, nodeOptionsOf, withBenchOutput } from './bench-output.ts';
import { wholeNumber } from './whole-number.ts';

const say = (line: string) => void process.stderr.write(`${line}\n`);

interface Options extends BenchOutputOptions {
  readonly runs: number;
  readonly users: number;
  readonly items: number;
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
  readonly requests: number;
  readonly peerSeconds: number;
  readonly killRedis?: true;
  readonly freezeRedis?: true;
}

/** Half the rate, as one process is not to be at its limit when its Redis goes away. */
const outageRate = 500;
const outageSeconds = 10;

async function outage(options: Options, fault: 'kill' | 'freeze'): Promise<void> {
  const startedAt = new Date().toISOString();
  const { users, items } = options;
  const nodeOptions = nodeOptionsOf(options);
  const given = { users, items, fault, nodeOptions, rate: outageRate, seconds: outageSeconds };
  const urls = await ensureStack();
  const machine = await describeMachine(urls);
  const found = await benchOutage(urls, { ...given, say });
  const command = ['bench serve', ...process.argv.slice(4)].join(' ');
  await giveReport(`serve-redis-${fault}`, outageReport(found, given, { command, startedAt, machine }), options);
}

async function serve(options: Options): Promise<void> {
  if (options.killRedis) return outage(options, 'kill');
  if (options.freezeRedis) return outage(options, 'freeze');
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
    .option('--peer-seconds <count>', 'of the naive handler; 0 leaves it out', Number, 20)
    .option('--kill-redis', 'instead: 500 requests/s while a Redis of its own is killed for 10 s and started again')
    .option('--freeze-redis', 'the same, but it hangs for 10 s');
  return withBenchOutput(command, 'the measured process').action(serve);
}
