import { Command } from 'commander';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { cursorOf, positionOf } from '../../serving/admin/cursor.ts';
import { letterDocument, summaryDocument, viewDocument } from '../../serving/admin/documents.ts';
import { addressOf, type FilterOptions, filterOf, statusOf } from '../dlq/filter-arguments.ts';
import { listLines, summaryLines, viewLines } from '../dlq/lines.ts';
import { limitOf } from '../outbox/arguments.ts';
import { discardCommand, redriveCommand } from './dlq-change.ts';
import { filterConfig, filterOptions, type ServerOptions, serverOptions, withVerbs } from './dlq-options.ts';
import { say, writeReport } from './report.ts';

interface SummaryOptions extends ServerOptions, FilterOptions {
  readonly status: string;
}

const withStatus = (options: SummaryOptions) => {
  const status = statusOf(options.status);
  return { ...filterOf(options, Date.now()), ...(status === undefined ? {} : { status }) };
};

async function summary(options: SummaryOptions): Promise<void> {
  const startedAt = new Date().toISOString();
  const filter = withStatus(options);
  const rows = await withVerbs(options, (verbs) => verbs.summary(filter));
  say(options, summaryLines(rows, Date.now()));
  const open = rows.filter(({ status }) => status === 'open').reduce((sum, { count }) => sum + count, 0);
  await writeReport(options.json, {
    command: 'dlq summary',
    startedAt,
    config: { ...filterConfig(options), status: options.status },
    runs: rows.map(summaryDocument),
    summary: { open },
  });
}

interface ListOptions extends SummaryOptions {
  readonly limit: string;
  readonly after?: string;
}

function pageOf({ limit, after }: ListOptions) {
  if (after === undefined) return { limit: limitOf(limit) };
  const position = positionOf(after);
  if (position !== undefined) return { limit: limitOf(limit), after: position };
  throw new FreshetError('argument_invalid', '--after: this is not what a list ended with');
}

async function list(options: ListOptions): Promise<void> {
  const startedAt = new Date().toISOString();
  const filter = withStatus(options);
  const page = pageOf(options);
  const found = await withVerbs(options, (verbs) => verbs.list(filter, { ...page, limit: page.limit + 1 }));
  const letters = found.slice(0, page.limit);
  const last = letters.at(-1);
  const next = found.length > page.limit && last !== undefined ? cursorOf(last) : undefined;
  say(options, listLines(letters, next));
  await writeReport(options.json, {
    command: 'dlq list',
    startedAt,
    config: { ...filterConfig(options), status: options.status, limit: page.limit },
    runs: letters.map(letterDocument),
    summary: { listed: letters.length, next: next ?? null },
  });
}

async function show(text: string, options: ServerOptions): Promise<void> {
  const startedAt = new Date().toISOString();
  const key = addressOf(text);
  const view = await withVerbs(options, (verbs) => verbs.show(key));
  if (view === undefined) throw new FreshetError('dead_letter_unknown', `there is no dead letter ${text}`);
  say(options, viewLines(view));
  const runs = [viewDocument(view)];
  await writeReport(options.json, { command: 'dlq show', startedAt, config: { id: text }, runs, summary: {} });
}

/** `freshet dlq summary | list | show | redrive | discard`. */
export function dlqCommand(): Command {
  const command = new Command('dlq').description('Dead letters: records that stages set aside');
  const status = ['--status <status>', 'open, redriven, discarded or all'] as const;
  serverOptions(filterOptions(command.command('summary')))
    .description('how many by stage, reason and status, and how old')
    .option(...status, 'all')
    .action(summary);
  serverOptions(filterOptions(command.command('list')))
    .description('the newest failure first')
    .option(...status, 'open')
    .option('--limit <n>', 'most to list', '100')
    .option('--after <cursor>', 'the next page, as a list ended with')
    .action(list);
  serverOptions(command.command('show').argument('<id>', 'as list shows it'))
    .description('one letter: its value by the schema it was written with, the error, what was done with it')
    .action(show);
  command.addCommand(redriveCommand());
  command.addCommand(discardCommand());
  return command;
}
