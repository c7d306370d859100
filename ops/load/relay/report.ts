import type { BenchReport, BenchTable } from '../harness/bench-report.ts';
import { type Cell, formatNumber } from '../harness/markdown-table.ts';
import { spread } from '../harness/statistics.ts';
import type { RelayBench, RelayBenchOptions } from './bench.ts';
import { debeziumVersion } from './debezium/install.ts';
import { drainSheet, liveSheet, openSheet, type Sheet, writersSheet } from './sheets.ts';

const known = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);

/** Median and, in brackets, the least and the most. */
function cell(values: readonly (number | null)[]): Cell {
  const numbers = known(values);
  if (numbers.length === 0) return '–';
  const { median, min, max } = spread(numbers);
  return min === max ? formatNumber(median) : `${formatNumber(median)} (${formatNumber(min)}–${formatNumber(max)})`;
}

function groupsOf<Run>({ runs, nameOf }: Sheet<Run>): (readonly [string, readonly Run[]])[] {
  const names = [...new Set(runs.map(nameOf))];
  return names.map((name) => [name, runs.filter((run) => nameOf(run) === name)]);
}

function tableOf<Run>(sheet: Sheet<Run>): BenchTable {
  const { title, columns } = sheet;
  const rows = groupsOf(sheet).map(([name, own]) => [name, ...columns.map(([, figure]) => cell(own.map(figure)))]);
  return { title, header: ['system', ...columns.map(([name]) => name)], rows };
}

/** System → figure → median, least and most. */
function summaryOf<Run>(sheet: Sheet<Run>): Record<string, unknown> {
  const figures = (own: readonly Run[]) =>
    sheet.columns.flatMap(([title, figure]) => {
      const numbers = known(own.map(figure));
      return numbers.length === 0 ? [] : [[title, spread(numbers)] as const];
    });
  return Object.fromEntries(groupsOf(sheet).map(([name, own]) => [name, Object.fromEntries(figures(own))]));
}

/** Hides the type of a sheet's runs, so that sheets of different scenarios can stand in one list. */
const rendered = <Run extends object>(sheet: Sheet<Run>) => ({
  scenario: sheet.scenario,
  isEmpty: sheet.runs.length === 0,
  table: tableOf(sheet),
  summary: summaryOf(sheet),
  runs: sheet.runs.map((run): object => ({ scenario: sheet.scenario, ...run })),
  notes: sheet.notes,
});

function sheets({ runs }: RelayBench, { events, openMs }: RelayBenchOptions) {
  return [
    rendered(drainSheet(runs.drain, events)),
    rendered(liveSheet(runs.live)),
    rendered(writersSheet(runs.writers)),
    rendered(openSheet(runs.openTransaction, openMs)),
  ];
}

const debeziumNote = `Debezium Server ${debeziumVersion}: Postgres connector with pgoutput, outbox event router, Kafka sink; max.batch.size 8192, max.queue.size 32768, poll.interval.ms 1, linger.ms 1, acks all, -Xmx1g. All systems ran on one Postgres with wal_level=logical.`;

/** Medians and spreads of what was run, for both files. */
export function relayReport(
  bench: RelayBench,
  options: RelayBenchOptions,
  head: Pick<BenchReport, 'command' | 'startedAt'>,
): BenchReport {
  const { systems, scenarios, runs, events, openMs, nodeOptions } = options;
  const { payloadBytes } = bench;
  const filled = sheets(bench, options).filter(({ isEmpty }) => !isEmpty);
  return {
    ...head,
    machine: bench.machine,
    config: { systems, scenarios, runs, events, payloadBytes, openMs, nodeOptions, partitions: 8, acks: -1 },
    runs: filled.flatMap((sheet) => sheet.runs),
    summary: Object.fromEntries(filled.map(({ scenario, summary }) => [scenario, summary])),
    tables: filled.map(({ table }) => table),
    notes: [
      `Records of ${payloadBytes} bytes, 10,000 keys, 8 partitions, acks=-1. Median of ${runs} runs after a warm-up, systems in turns; in brackets the least and the most.`,
      'Before a figure was given the topic was read, committed records only: every event there, byte for byte, in order for each key; duplicates are counted.',
      ...(systems.includes('debezium') ? [debeziumNote] : []),
      ...filled.flatMap(({ notes }) => notes),
    ],
  };
}
