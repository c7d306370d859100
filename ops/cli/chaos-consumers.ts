import { Command } from 'commander';
import { type ConsumersRound, chaosConsumers } from '../chaos/consumers/chaos-consumers.ts';
import { type FaultName, faultNames } from '../chaos/consumers/faults.ts';
import { firstSignal } from '../process/signals.ts';
import { faultsAmong } from './fault-names.ts';
import { type JsonOption, jsonOption, writeReport } from './report.ts';
import { createStackDisplay } from './stack-display.ts';
import { wholeNumber } from './whole-number.ts';

interface Options {
  readonly seed: number;
  readonly rounds: number;
  readonly stop: number;
  readonly poison: number;
  readonly batches: number;
  readonly memory: number;
  readonly only?: readonly FaultName[];
  readonly json?: JsonOption;
}

const say = (text: string) => void process.stderr.write(`${text}\n`);

function tell(round: ConsumersRound): void {
  const { number, fault, workers, events, duplicates, poison, assignments, recoveryMs, catchUpMs, violations } = round;
  const parts = [
    `${events} events`,
    `${duplicates} sent again`,
    `${poison} poison`,
    `${assignments} assignments`,
    `recovered in ${recoveryMs} ms`,
    `caught up in ${catchUpMs} ms`,
  ];
  say(`${String(number).padStart(3)} ${fault.padEnd(20)} workers ${workers}  ${parts.join(' · ')}`);
  for (const words of violations) say(`    VIOLATION: ${words}`);
}

function summaryOf(rounds: readonly ConsumersRound[]) {
  const last = rounds.at(-1);
  const recoveries = rounds.map(({ recoveryMs }) => recoveryMs).sort((a, b) => a - b);
  const byFault = Map.groupBy(rounds, ({ fault }) => fault);
  return {
    rounds: rounds.length,
    events: last?.events ?? 0,
    duplicates: last?.duplicates ?? 0,
    poison: last?.poison ?? 0,
    assignments: last?.assignments ?? 0,
    recoveryMs: { median: recoveries[recoveries.length >> 1] ?? null, max: recoveries.at(-1) ?? null },
    recoveryMsByFault: Object.fromEntries(
      [...byFault].map(([fault, all]) => [fault, Math.max(...all.map(({ recoveryMs }) => recoveryMs))]),
    ),
    peakMiB: last?.peakMiB ?? 0,
    violations: rounds.reduce((total, { violations }) => total + violations.length, 0),
  };
}

async function consumers(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { aborted } = firstSignal();
  const display = createStackDisplay();
  const { seed, rounds, stop, poison, batches, memory, only, json } = options;
  say(`chaos consumers: seed ${seed}, ${rounds} rounds; the same seed gives the same faults and the same events`);
  try {
    const reports = await chaosConsumers({
      seeds: [seed],
      rounds,
      ...(only ? { faults: only } : {}),
      stopMs: stop * 1_000,
      poison,
      batchesPerSecond: batches,
      memoryMiB: memory,
      signal: aborted,
      onProgress: display.onProgress,
      onRound: tell,
    });
    const summary = summaryOf(reports);
    const config = { seed, rounds, stop, poison, batches, memory };
    await writeReport(json, { command: 'chaos consumers', startedAt, config, runs: reports, summary });
    const { recoveryMs } = summary;
    say(
      `${summary.events} events · ${summary.duplicates} sent again · ${summary.poison} poison · ${summary.assignments} assignments · recovery median ${recoveryMs.median} ms, max ${recoveryMs.max} ms · ${summary.peakMiB} MiB · ${summary.violations} violations`,
    );
    if (summary.violations > 0) process.exitCode = 1;
  } catch (error) {
    if (!aborted.aborted) throw error;
    process.exitCode = 130;
  } finally {
    display.close();
  }
}

/** `freshet chaos consumers`. */
export function chaosConsumersCommand(): Command {
  return new Command('consumers')
    .description(
      'stages under load on servers of their own, their whole state against a reference; exit code 1 where they differ',
    )
    .option('--seed <number>', 'decides the events and the faults', wholeNumber, 1)
    .option('--rounds <count>', 'one fault each', wholeNumber, 20)
    .option('--stop <seconds>', 'how long a stopped worker stands still or a handler waits', wholeNumber, 20)
    .option('--poison <count>', 'what --only poison puts among ten times as many records', wholeNumber, 10_000)
    .option('--batches <count>', 'batches of some 15 events a second', wholeNumber, 10)
    .option('--memory <MiB>', 'most that a worker may take, its start included', wholeNumber, 700)
    .option('--only <faults>', `separated by semicolons: ${faultNames.join('; ')}`, faultsAmong(faultNames))
    .option(...jsonOption)
    .action(consumers);
}
