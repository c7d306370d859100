import { Command, InvalidArgumentError, Option } from 'commander';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { benchRelay, type RelayBenchOptions } from '../load/relay/bench.ts';
import { findNewJava } from '../load/relay/debezium/java.ts';
import { relayReport } from '../load/relay/report.ts';
import { type ScenarioName, scenarioNames } from '../load/relay/scenarios.ts';
import { type SystemName, systemNames } from '../load/relay/systems/system.ts';
import { firstSignal } from '../process/signals.ts';
import { ensureStack } from '../stack/stack.ts';
import { type BenchOutputOptions, giveReport, nodeOptionsOf, withBenchOutput } from './bench-output.ts';
import { wholeNumber } from './whole-number.ts';

interface Options extends BenchOutputOptions {
  readonly runs: number;
  readonly events: number;
  readonly systems: readonly SystemName[];
  readonly only: readonly ScenarioName[];
  readonly openTransaction: number;
  readonly peer?: 'debezium';
  readonly java?: string;
}

/** A parser of comma separated names of a list. */
function namesOf<Name extends string>(known: readonly Name[]) {
  return (text: string): Name[] => {
    const names = text.split(',').map((name) => name.trim());
    const unknown = names.filter((name) => !known.includes(name as Name));
    if (unknown.length > 0)
      throw new InvalidArgumentError(`there is no ${unknown.join(', ')}; there are ${known.join(', ')}`);
    return names as Name[];
  };
}

const sayLine = (line: string): void => void process.stderr.write(`${line}\n`);

/** The systems to compare; without a Java for it Debezium is left out, in one clear line. */
async function withPeer(options: Options): Promise<Pick<RelayBenchOptions, 'systems' | 'java'>> {
  const { systems, peer } = options;
  if (peer !== 'debezium' && !systems.includes('debezium')) return { systems };
  const others = systems.filter((name) => name !== 'debezium');
  const found = await findNewJava(options.java);
  if ('java' in found) return { systems: [...others, 'debezium'], java: found.java };
  sayLine(`debezium skipped: ${found.missing}`);
  return { systems: others };
}

async function relay(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { aborted } = firstSignal();
  const chosen = await withPeer(options);
  const urls = await ensureStack();
  const given: RelayBenchOptions = {
    ...chosen,
    scenarios: options.only,
    runs: options.runs,
    events: options.events,
    openMs: options.openTransaction * 1_000,
    nodeOptions: nodeOptionsOf(options),
    say: sayLine,
    signal: aborted,
  };
  const bench = await benchRelay(urls, given).catch((error: unknown) => {
    if (!aborted.aborted) throw error;
    throw new FreshetError('bench_interrupted', 'stopped by a signal; what it had made is removed', { cause: error });
  });
  const command = ['bench relay', ...process.argv.slice(4)].join(' ');
  const report = relayReport(bench, given, { command, startedAt });
  await giveReport('relay', report, options);
}

/** `freshet bench relay`. */
export function benchRelayCommand(): Command {
  const command = new Command('relay')
    .description('the outbox relay beside others: backlog, rates, processor time, memory; topics are read back')
    .option('--runs <count>', 'runs of each system', wholeNumber, 5)
    .option('--events <count>', 'events of a backlog', wholeNumber, 1_000_000)
    .option('--systems <names>', `comma separated: ${systemNames.join(', ')}`, namesOf(systemNames), [
      'freshet',
      'naive',
      'xmin',
    ])
    .option('--only <names>', `comma separated: ${scenarioNames.join(', ')}`, namesOf(scenarioNames), [
      ...scenarioNames,
    ])
    .option('--open-transaction <seconds>', 'how long that of its scenario stays open', wholeNumber, 60)
    .addOption(new Option('--peer <name>', 'beside a system that needs a download').choices(['debezium']))
    .option('--java <path>', 'Java 21 or newer for Debezium Server; else JAVA_HOME, else PATH');
  return withBenchOutput(command, "our relay's process").action(relay);
}
