import { Command } from 'commander';
import { benchFreshness } from '../load/freshness/bench.ts';
import { freshnessReport } from '../load/freshness/report.ts';
import { describeMachine } from '../load/harness/machine.ts';
import { firstSignal } from '../process/signals.ts';
import { ensureStack } from '../stack/stack.ts';
import { type BenchOutputOptions, giveReport, nodeOptionsOf, withBenchOutput } from './bench-output.ts';
import { wholeNumber } from './whole-number.ts';

interface Options extends BenchOutputOptions {
  readonly runs: number;
  readonly users: number;
  readonly items: number;
  readonly rate: number;
  readonly batch: number;
  readonly seconds: number;
  readonly followed: number;
  readonly idleSeconds: number;
}

async function freshness(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { runs, users, items, rate, batch, seconds, followed, idleSeconds } = options;
  const nodeOptions = nodeOptionsOf(options);
  const given = { runs, users, items, rate, batch, seconds, followed, idleSeconds, nodeOptions };
  const urls = await ensureStack();
  const machine = await describeMachine(urls);
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const bench = await benchFreshness(urls, { ...given, say, signal: firstSignal().aborted });
  const command = ['bench freshness', ...process.argv.slice(4)].join(' ');
  await giveReport('freshness', freshnessReport(bench, given, { command, startedAt, machine }), options);
}

/** `freshet bench freshness`. */
export function benchFreshnessCommand(): Command {
  const command = new Command('freshness')
    .description('from the POST of an event to the list that reflects it, through every role in one process')
    .option('--runs <count>', 'runs of each load', wholeNumber, 3)
    .option('--users <count>', 'users', wholeNumber, 10_000)
    .option('--items <count>', 'items of the catalogue', wholeNumber, 20_000)
    .option('--rate <count>', 'events a second', wholeNumber, 1_000)
    .option('--batch <count>', 'events a POST', wholeNumber, 10)
    .option('--seconds <count>', 'of each run', wholeNumber, 30)
    .option('--followed <count>', 'events a second that are followed to the list', wholeNumber, 10)
    .option('--idle-seconds <count>', 'of one event a second after each run; 0 for none', Number, 20);
  return withBenchOutput(command, 'the measured process').action(freshness);
}
