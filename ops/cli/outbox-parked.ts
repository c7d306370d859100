import { Command } from 'commander';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { limitOf, seqOf } from '../outbox/arguments.ts';
import { type ActorOptions, actorOf } from '../outbox/audit.ts';
import { withOutbox } from '../outbox/open-outbox.ts';
import {
  discardParked,
  listParked,
  type ParkedChange,
  type ParkedRow,
  type ParkedSelection,
  redriveParked,
} from '../outbox/parked.ts';
import { becauseOption, type OutboxOptions, operatorOption, outboxOption } from './outbox-options.ts';
import { jsonOption, say, writeReport } from './report.ts';

interface ListOptions extends OutboxOptions {
  readonly reason?: string;
  readonly topic?: string;
  readonly limit: string;
}

interface ChangeOptions extends OutboxOptions, ActorOptions {
  readonly reason?: string;
  readonly topic?: string;
  readonly all?: boolean;
}

const given = ({ reason, topic }: { readonly reason?: string; readonly topic?: string }): ParkedSelection => ({
  ...(reason === undefined ? {} : { reason }),
  ...(topic === undefined ? {} : { topic }),
});

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

const documentOf = (row: ParkedRow) => ({
  ...row,
  seq: row.seq.toString(),
  key: row.key.toString('utf8'),
  payload: row.payload?.toString('base64') ?? null,
  payloadBytes: row.payload?.length ?? 0,
  occurredAt: iso(row.occurredAt),
  parkedAt: iso(row.parkedAt),
});

async function list(options: ListOptions): Promise<void> {
  const startedAt = new Date().toISOString();
  const limit = limitOf(options.limit);
  await withOutbox(options.outbox, async ({ database, location }) => {
    const found = await listParked(database, given(options), limit + 1);
    const rows = found.slice(0, limit);
    const line = ({ seq, parkedAt, reason, topic, eventId, message }: ParkedRow) =>
      `${seq}  ${iso(parkedAt)}  ${reason}  ${topic}  ${eventId}  ${message}`;
    const more = found.length > limit ? [`more than ${limit}: raise --limit or choose by --reason or --topic`] : [];
    say(options, rows.length > 0 ? [...rows.map(line), ...more] : ['nothing is parked']);
    await writeReport(options.json, {
      command: 'outbox parked list',
      startedAt,
      config: { outbox: location, ...given(options), limit },
      runs: rows.map(documentOf).map(({ payload: _, ...row }) => row),
      summary: { listed: rows.length, more: found.length > limit },
    });
  });
}

async function show(text: string, options: OutboxOptions): Promise<void> {
  const startedAt = new Date().toISOString();
  const seq = seqOf(text);
  await withOutbox(options.outbox, async ({ database, location }) => {
    const [row] = await listParked(database, { seqs: [seq] }, 1);
    if (!row) throw new FreshetError('parked_unknown', `${seq} is not parked at ${location}`);
    const document = documentOf(row);
    say(
      options,
      Object.entries(document).map(([name, value]) => `${name.padEnd(13)}${value ?? 'none'}`),
    );
    const config = { outbox: location, seq: text };
    await writeReport(options.json, {
      command: 'outbox parked show',
      startedAt,
      config,
      runs: [document],
      summary: {},
    });
  });
}

type Verb = 'redrive' | 'discard';
const verbs = { redrive: redriveParked, discard: discardParked };
const done = { redrive: 'redriven', discard: 'discarded' };

function change(verb: Verb) {
  return async (texts: readonly string[], options: ChangeOptions): Promise<void> => {
    const startedAt = new Date().toISOString();
    const seqs = texts.map(seqOf);
    const actor = actorOf(options);
    const selection = { ...given(options), ...(seqs.length > 0 ? { seqs } : {}), all: options.all === true };
    await withOutbox(options.outbox, async ({ database, location }) => {
      const result = await verbs[verb](database, actor, selection);
      say(options, changeLines(verb, result));
      const { changed, absent, behind } = result;
      await writeReport(options.json, {
        command: `outbox parked ${verb}`,
        startedAt,
        config: { outbox: location, ...given(options), seqs: texts, ...actor },
        runs: changed.map((seq) => ({ seq: seq.toString() })),
        summary: { [done[verb]]: changed.length, absent: absent.length, behind: behind.size },
      });
      if (absent.length > 0 || behind.size > 0) process.exitCode = 1;
    });
  };
}

function changeLines(verb: Verb, { changed, absent, behind }: ParkedChange): string[] {
  return [
    `${changed.length} ${done[verb]}`,
    ...absent.map((seq) => `${seq} is not parked`),
    ...[...behind].map(([seq, front]) => `${seq} waits behind ${front}: redrive or discard that one first`),
  ];
}

const reasonOption = ['--reason <code>', 'only those parked for this reason'] as const;
const topicOption = ['--topic <name>', 'only those of this topic'] as const;

/** `freshet outbox parked list | show | redrive | discard`. */
export function parkedCommand(): Command {
  const command = new Command('parked').description('Records that the broker refused and the relay set aside');
  command
    .command('list')
    .description('the oldest first')
    .option(...reasonOption)
    .option(...topicOption)
    .option('--limit <n>', 'most to list', '100')
    .option(...outboxOption)
    .option(...jsonOption)
    .action(list);
  command
    .command('show')
    .argument('<seq>', 'its number in the list')
    .description('one record with its payload in base64')
    .option(...outboxOption)
    .option(...jsonOption)
    .action(show);
  const describe = {
    redrive: 'publish again; comes after later records of its key, unless the topic has strict order',
    discard: 'forget for good',
  };
  for (const verb of ['redrive', 'discard'] as const) {
    command
      .command(verb)
      .argument('[seq...]', 'their numbers in the list')
      .description(describe[verb])
      .option('--all', 'all that is parked')
      .option(...reasonOption)
      .option(...topicOption)
      .option(...becauseOption)
      .option(...operatorOption)
      .option(...outboxOption)
      .option(...jsonOption)
      .action(change(verb));
  }
  return command;
}
