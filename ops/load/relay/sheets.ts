import type { WritersRun } from './beside-writers.ts';
import type { DrainRun } from './drain.ts';
import type { LiveRun } from './live.ts';
import type { OpenTransactionRun } from './open-transaction.ts';
import type { ScenarioName } from './scenarios.ts';

/** A column: its title and the figure of a run; null where that is not known. */
export type Column<Run> = readonly [title: string, figure: (run: Run) => number | null];

/** The table of a scenario. */
export interface Sheet<Run> {
  readonly scenario: ScenarioName;
  readonly title: string;
  readonly runs: readonly Run[];
  /** What a row is about. */
  nameOf(run: Run): string;
  readonly columns: readonly Column<Run>[];
  readonly notes: readonly string[];
}

const drainColumns: readonly Column<DrainRun>[] = [
  ['events/s', (run) => run.eventsPerSecond],
  ['first tenth/s', (run) => run.firstTenthPerSecond],
  ['last tenth/s', (run) => run.lastTenthPerSecond],
  ['with its start/s', (run) => run.fromStartPerSecond],
  ['first event ms', (run) => run.firstEventMs],
  ['CPU s/M', (run) => run.cpuSecondsPerMillion],
  ['peak MiB', (run) => run.peakMiB],
  ['Postgres CPU s/M', (run) => run.postgresSecondsPerMillion],
  ['Kafka CPU s/M', (run) => run.kafkaSecondsPerMillion],
  ['duplicates', (run) => run.duplicates],
];

const liveColumns: readonly Column<LiveRun>[] = [
  ['received p50 ms', (run) => run.received.p50],
  ['received p99 ms', (run) => run.received.p99],
  ['appended p50 ms', (run) => run.appended.p50],
  ['appended p99 ms', (run) => run.appended.p99],
  ['ack p50 ms', (run) => run.acknowledged?.p50 ?? null],
  ['ack p99 ms', (run) => run.acknowledged?.p99 ?? null],
  ['written/s', (run) => run.writtenPerSecond],
  ['CPU s/M', (run) => run.cpuSecondsPerMillion],
  ['peak MiB', (run) => run.peakMiB],
  ['Postgres CPU s/M', (run) => run.postgresSecondsPerMillion],
  ['Kafka CPU s/M', (run) => run.kafkaSecondsPerMillion],
];

const writersColumns: readonly Column<WritersRun>[] = [
  ['published/s', (run) => run.publishedPerSecond],
  ['inserted/s', (run) => run.insertedPerSecond],
  ['CPU s/M', (run) => run.cpuSecondsPerMillion],
  ['peak MiB', (run) => run.peakMiB],
  ['duplicates', (run) => run.duplicates],
];

const openColumns: readonly Column<OpenTransactionRun>[] = [
  ['drained/s', (run) => run.drainPerSecond],
  ['drained', (run) => run.drainedWhileOpen],
  ['of', (run) => run.backlog],
  ['live published', (run) => run.liveWhileOpen],
  ['of', (run) => run.liveEvents],
  ['received p50 ms', (run) => run.received.p50],
  ['received p99 ms', (run) => run.received.p99],
  ['caught up after ms', (run) => run.caughtUpMs],
];

export const drainSheet = (runs: readonly DrainRun[], events: number): Sheet<DrainRun> => ({
  scenario: 'drain',
  title: `Drain a backlog of ${events.toLocaleString('en')} events`,
  runs,
  nameOf: ({ system, start }) => `${system}, ${start}`,
  columns: drainColumns,
  notes: [
    'Drain: events/s is from the first record in the topic to the last, by the append times that the broker gives; "with its start" and "first event" count from the start of the process, or from its going on. Cold: the process is started on the backlog. Warm: a process that has drained two is paused (SIGSTOP) while a third grows, and then goes on.',
    "CPU s/M: seconds of the relay's own process for a million events, its start included where it is cold; peak MiB is its greatest resident memory (VmHWM). Those of the servers are their processes' in the same time.",
  ],
});

export const liveSheet = (runs: readonly LiveRun[]): Sheet<LiveRun> => ({
  scenario: 'live',
  title: 'Steady writers',
  runs,
  nameOf: ({ system, rate }) => `${system}, ${rate.toLocaleString('en')}/s`,
  columns: liveColumns,
  notes: [
    'Steady: four connections in a process of their own; at 1,000/s each event is its own commit, at 5,000/s a commit has five; two seconds of warm-up are left out, and the process has drained a backlog before.',
    "received: from the commit's answer to the writer until one and the same consumer, in the bench's process, holds the record; the same for every system. appended: to the broker's append time, rounded up to whole milliseconds. ack: from the row's insertion, before its commit, to the broker's acknowledgement, by our relay's own histogram (interpolated within its buckets).",
  ],
});

export const writersSheet = (runs: readonly WritersRun[]): Sheet<WritersRun> => ({
  scenario: 'writers',
  title: 'Drain while a writer inserts as fast as it can',
  runs,
  nameOf: ({ system }) => system,
  columns: writersColumns,
  notes: [
    'Beside a writer: one connection, 200 rows a commit, five seconds, into the table that is drained; a fifth of the backlog lies there when it begins. Both rates are of those seconds.',
  ],
});

export const openSheet = (runs: readonly OpenTransactionRun[], openMs: number): Sheet<OpenTransactionRun> => ({
  scenario: 'open-transaction',
  title: `Beside a transaction that has written and stays open for ${Math.round(openMs / 1_000)} s`,
  runs,
  nameOf: ({ system }) => system,
  columns: openColumns,
  notes: [
    'Open transaction: it has inserted a row into the same outbox. A backlog is appended after that and drained, then live events come at 1,000/s; what was published is counted before the transaction commits. One run each. "Caught up" counts from its commit.',
  ],
});
