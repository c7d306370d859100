import { Command, InvalidArgumentError } from 'commander';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { benchJson, benchMarkdown, recordBaseline } from '../load/harness/bench-report.ts';
import { describeMachine } from '../load/harness/machine.ts';
import { benchRelay } from '../load/relay/bench.ts';
import { relayReport } from '../load/relay/report.ts';
import { type ScenarioName, scenarioNames } from '../load/relay/scenarios.ts';
import { type SystemName, systemNames } from '../load/relay/systems/system.ts';
import { firstSignal } from '../process/signals.ts';
import { ensureStack } from '../stack/stack.ts';
import { type JsonOption, jsonOption, writeText } from './report.ts';

interface Options {
  readonly runs: number;
  readonly events: number;
  readonly systems: readonly SystemName[];
  readonly only: readonly ScenarioName[];
  readonly openTransaction: number;
  readonly nodeOptions: string;
  readonly baseline?: true;
  readonly json?: JsonOption;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('takes a whole number from 1 on');
  return value;
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

async function relay(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { aborted } = firstSignal();
  const urls = await ensureStack();
  const given = {
    systems: options.systems,
    scenarios: options.only,
    runs: options.runs,
    events: options.events,
    openMs: options.openTransaction * 1_000,
    nodeOptions: options.nodeOptions.split(' ').filter((option) => option !== ''),
    say: (line: string) => void process.stderr.write(`${line}\n`),
    signal: aborted,
  };
  const bench = await benchRelay(urls, given).catch((error: unknown) => {
    if (!aborted.aborted) throw error;
    throw new FreshetError('bench_interrupted', 'stopped by a signal; what it had made is removed', { cause: error });
  });
  const command = ['bench relay', ...process.argv.slice(4)].join(' ');
  const report = relayReport(bench, given, { command, startedAt, machine: await describeMachine(urls) });
  await writeText(options.json, benchJson(report));
  if (options.baseline) recordBaseline('relay', report);
  (options.json === true ? process.stderr : process.stdout).write(benchMarkdown(report));
}

/** `freshet bench relay`. */
export function benchRelayCommand(): Command {
  return new Command('relay')
    .description('the outbox relay beside others: backlog, rates, processor time, memory; topics are read back')
    .option('--runs <count>', 'runs of each system', positive, 5)
    .option('--events <count>', 'events of a backlog', positive, 1_000_000)
    .option('--systems <names>', `comma separated: ${systemNames.join(', ')}`, namesOf(systemNames), [
      'freshet',
      'naive',
      'xmin',
    ])
    .option('--only <names>', `comma separated: ${scenarioNames.join(', ')}`, namesOf(scenarioNames), [
      ...scenarioNames,
    ])
    .option('--open-transaction <seconds>', 'how long that of its scenario stays open', positive, 60)
    .option('--node-options <options>', 'for our relay\'s process, such as "--cpu-prof"', '')
    .option('--baseline', 'keep the report in ops/load/baselines/')
    .option(...jsonOption)
    .action(relay);
}
