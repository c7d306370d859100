import { Command, InvalidArgumentError } from 'commander';
import { benchAggregate } from '../load/aggregate/bench.ts';
import { aggregateReport } from '../load/aggregate/report.ts';
import { type ScenarioName, scenarioNames } from '../load/aggregate/scenarios.ts';
import { describeMachine } from '../load/harness/machine.ts';
import { firstSignal } from '../process/signals.ts';
import { ensureStack } from '../stack/stack.ts';
import { type BenchOutputOptions, giveReport, nodeOptionsOf, withBenchOutput } from './bench-output.ts';
import { wholeNumber } from './whole-number.ts';

interface Options extends BenchOutputOptions {
  readonly runs: number;
  readonly events: number;
  readonly peerEvents: number;
  readonly only: readonly ScenarioName[];
}

const isScenario = (name: string): name is ScenarioName => scenarioNames.some((known) => known === name);

function scenariosOf(text: string): ScenarioName[] {
  const names = text.split(',');
  if (!names.every(isScenario)) throw new InvalidArgumentError(`takes some of ${scenarioNames.join(', ')}`);
  return names;
}

/** FRESHET_CONSUMER_* of the caller reach the measured process, so that settings can be compared. */
function consumerSettings(): Record<string, string> {
  const given = Object.entries(process.env).filter(([name]) => name.startsWith('FRESHET_CONSUMER_'));
  return Object.fromEntries(given.map(([name, value = '']) => [name, value]));
}

async function aggregate(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { runs, events, peerEvents, only: scenarios } = options;
  const env = consumerSettings();
  const given = { scenarios, runs, events, peerEvents, nodeOptions: nodeOptionsOf(options), env };
  const urls = await ensureStack();
  const machine = await describeMachine(urls);
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const bench = await benchAggregate(urls, { ...given, say, signal: firstSignal().aborted });
  const command = ['bench aggregate', ...process.argv.slice(4)].join(' ');
  await giveReport('aggregate', aggregateReport(bench, given, { command, startedAt, machine }), options);
}

/** `freshet bench aggregate`. */
export function benchAggregateCommand(): Command {
  const command = new Command('aggregate')
    .description('events from the topic into feature state: rate, processor time, memory; state is compared')
    .option('--runs <count>', 'runs of each scenario', wholeNumber, 3)
    .option('--events <count>', 'events of zipf and hot; long and fresh take a fifth', wholeNumber, 1_000_000)
    .option('--peer-events <count>', 'events beside a transaction each; 0 for none', Number, 20_000)
    .option('--only <names>', `comma separated: ${scenarioNames.join(', ')}`, scenariosOf, [...scenarioNames]);
  return withBenchOutput(command, 'the measured process').action(aggregate);
}
