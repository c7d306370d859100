import { Command } from 'commander';
import { chaosRelay, type RoundReport } from '../chaos/chaos-relay.ts';
import { type FaultName, faultNames } from '../chaos/faults.ts';
import { firstSignal } from '../process/signals.ts';
import { chaosConsumersCommand } from './chaos-consumers.ts';
import { faultsAmong } from './fault-names.ts';
import { type JsonOption, jsonOption, writeReport } from './report.ts';
import { createStackDisplay } from './stack-display.ts';
import { wholeNumber } from './whole-number.ts';

interface Options {
  readonly seed: number;
  readonly rounds: number;
  readonly outage: number;
  readonly open: number;
  readonly memory: number;
  readonly only?: readonly FaultName[];
  readonly json?: JsonOption;
}

const say = (text: string) => void process.stderr.write(`${text}\n`);

function tell(round: RoundReport): void {
  const { number, fault, relays, committed, duplicates, takeoverMs, catchUpMs, backlog, p99Ms, violations } = round;
  const parts = [`${committed} committed`, `${duplicates} repeated`, `backlog ${backlog} gone in ${catchUpMs} ms`];
  if (takeoverMs !== undefined) parts.push(`taken over in ${takeoverMs} ms`);
  if (p99Ms) parts.push(`p99 ${p99Ms.before} → ${p99Ms.during} ms`);
  say(`${String(number).padStart(3)} ${fault.padEnd(35)} relays ${relays}  ${parts.join(' · ')}`);
  for (const words of violations) say(`    VIOLATION: ${words}`);
}

function summaryOf(rounds: readonly RoundReport[]) {
  const takeovers = rounds.flatMap(({ takeoverMs }) => takeoverMs ?? []).sort((a, b) => a - b);
  const sum = (of: (round: RoundReport) => number) => rounds.reduce((total, round) => total + of(round), 0);
  return {
    rounds: rounds.length,
    committed: sum(({ committed }) => committed),
    duplicates: sum(({ duplicates }) => duplicates),
    takeoverMs: { median: takeovers[takeovers.length >> 1] ?? null, max: takeovers.at(-1) ?? null },
    peakMiB: Math.max(0, ...rounds.map(({ peakMiB }) => peakMiB)),
    violations: sum(({ violations }) => violations.length),
  };
}

async function relay(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { aborted } = firstSignal();
  const display = createStackDisplay();
  const { seed, rounds, outage, open, memory, only } = options;
  say(`chaos relay: seed ${seed}, ${rounds} rounds; the same seed gives the same faults`);
  try {
    const reports = await chaosRelay({
      seed,
      rounds,
      ...(only ? { faults: only } : {}),
      outageMs: outage * 1_000,
      openMs: open * 1_000,
      memoryMiB: memory,
      signal: aborted,
      onProgress: display.onProgress,
      onRound: tell,
    });
    const summary = summaryOf(reports);
    const config = { seed, rounds, outage, open, memory };
    await writeReport(options.json, { command: 'chaos relay', startedAt, config, runs: reports, summary });
    say(
      `${summary.committed} committed · ${summary.duplicates} repeated · takeover median ${summary.takeoverMs.median} ms, max ${summary.takeoverMs.max} ms · ${summary.peakMiB} MiB · ${summary.violations} violations`,
    );
    if (summary.violations > 0) process.exitCode = 1;
  } catch (error) {
    if (!aborted.aborted) throw error;
    process.exitCode = 130;
  } finally {
    display.close();
  }
}

/** `freshet chaos`. */
export function chaosCommand(): Command {
  const command = new Command('chaos').description('kill, stop and cut what runs, and count every event');
  command
    .command('relay')
    .description('relays under load on servers of their own; exit code 1 where a promise broke')
    .option('--seed <number>', 'decides the faults', wholeNumber, 1)
    .option('--rounds <count>', 'one fault each', wholeNumber, 20)
    .option('--outage <seconds>', 'how long the broker is away', wholeNumber, 10)
    .option('--open <seconds>', 'how long a transaction stays open', wholeNumber, 60)
    .option('--memory <MiB>', 'most that a relay may take, its start included', wholeNumber, 400)
    .option('--only <faults>', `separated by semicolons: ${faultNames.join('; ')}`, faultsAmong(faultNames))
    .option(...jsonOption)
    .action(relay);
  command.addCommand(chaosConsumersCommand());
  return command;
}
