import { Command } from 'commander';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { resultDocument } from '../../serving/admin/documents.ts';
import type { ChangeRequest, DeadLetterVerbs, RunResult } from '../../serving/admin/verbs.ts';
import { confirm } from '../dlq/confirm.ts';
import { addressOf, type FilterOptions, filterOf } from '../dlq/filter-arguments.ts';
import { resultLines } from '../dlq/lines.ts';
import { limitOf } from '../outbox/arguments.ts';
import { type Actor, type ActorOptions, actorOf } from '../outbox/audit.ts';
import { firstSignal } from '../process/signals.ts';
import { filterConfig, filterOptions, type ServerOptions, serverOptions, withVerbs } from './dlq-options.ts';
import { becauseOption, operatorOption } from './outbox-options.ts';
import { say, writeReport } from './report.ts';
import { wholeNumber } from './whole-number.ts';

interface ChangeOptions extends ServerOptions, FilterOptions, ActorOptions {
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly limit?: string;
}

interface RedriveOptions extends ChangeOptions {
  readonly dryRun?: boolean;
  readonly rate?: number;
  readonly to?: string;
  readonly force?: boolean;
  readonly maxRedrives: number;
}

/** Nothing is chosen by accident. */
function requestOf(texts: readonly string[], options: ChangeOptions): ChangeRequest {
  const filter = filterOf(options, Date.now());
  const isFiltered = Object.keys(filter).length > 0;
  if (texts.length > 0 && (isFiltered || options.all))
    throw new FreshetError('argument_invalid', 'name letters, or filter them, or take --all: not several of these');
  if (texts.length === 0 && isFiltered === (options.all === true))
    throw new FreshetError('selection_missing', 'say which: ids from `dlq list`, filters such as --stage, or --all');
  const selection = texts.length > 0 ? { keys: texts.map(addressOf) } : { filter };
  return { selection, ...(options.limit === undefined ? {} : { limit: limitOf(options.limit) }) };
}

interface Change {
  readonly verb: 'redrive' | 'discard';
  readonly done: string;
  readonly options: ChangeOptions;
  readonly config: Readonly<Record<string, unknown>>;
  run(verbs: DeadLetterVerbs): Promise<RunResult>;
}

/** Exit code 1 where anything was left undone that was asked for. */
async function change({ verb, done, options, config, run }: Change): Promise<void> {
  const startedAt = new Date().toISOString();
  const result = await withVerbs(options, run);
  say(options, resultLines(done, result));
  const { groups, ...summary } = resultDocument(done.replaceAll(' ', '_'), result);
  await writeReport(options.json, {
    command: `dlq ${verb}`,
    startedAt,
    config: { ...filterConfig(options), ...config },
    runs: groups as unknown[],
    summary,
  });
  const { refused, busy, notOpen, absent, endedBy } = result;
  const isWhole = refused + busy + notOpen.length + absent.length === 0 && (endedBy === null || endedBy === 'limit');
  if (!isWhole) process.exitCode = 1;
}

async function redrive(texts: readonly string[], options: RedriveOptions): Promise<void> {
  const { dryRun = false, rate, to, maxRedrives, force = false } = options;
  const request = {
    ...requestOf(texts, options),
    maxRedrives,
    force,
    ...(rate === undefined ? {} : { ratePerSecond: rate }),
    ...(to === undefined ? {} : { to }),
  };
  const asked = { ids: texts, to: to ?? null, rate: rate ?? null, maxRedrives, force, limit: options.limit ?? null };
  if (dryRun) {
    const run = (verbs: DeadLetterVerbs) => verbs.rehearse(request);
    return change({ verb: 'redrive', done: 'would be redriven', options, config: { ...asked, dryRun }, run });
  }
  const actor = await actorFor(options, 'redrive');
  const { aborted: signal } = firstSignal();
  const run = (verbs: DeadLetterVerbs) => verbs.redrive({ ...request, signal }, actor);
  return change({ verb: 'redrive', done: 'redriven', options, config: { ...asked, ...actor }, run });
}

async function discard(texts: readonly string[], options: ChangeOptions): Promise<void> {
  const request = requestOf(texts, options);
  const actor = await actorFor(options, 'discard');
  const { aborted: signal } = firstSignal();
  const run = (verbs: DeadLetterVerbs) => verbs.discard({ ...request, signal }, actor);
  return change({ verb: 'discard', done: 'discarded', options, config: { ids: texts, ...actor }, run });
}

async function actorFor(options: ChangeOptions, verb: string): Promise<Actor> {
  const actor = actorOf(options);
  if (options.all && !options.yes) await confirm(`${verb} every open dead letter`);
  return actor;
}

const changeOptions = (command: Command): Command =>
  serverOptions(filterOptions(command.argument('[id...]', 'as list shows them')))
    .option('--all', 'every open letter; asks first')
    .option('--yes', 'without asking')
    .option('--limit <n>', 'most letters')
    .option(...becauseOption)
    .option(...operatorOption);

export const redriveCommand = (): Command =>
  changeOptions(new Command('redrive'))
    .description('publish open letters again as they were; what cannot be read today, or could count twice, is refused')
    .option('--dry-run', 'say what would happen; changes nothing')
    .option('--rate <n>', 'records a second', wholeNumber)
    .option('--to <topic>', 'to another topic than their own')
    .option('--max-redrives <n>', 'refuse what failed after so many redrives', wholeNumber, 3)
    .option('--force', 'also what was redriven too often or is of a compacted topic')
    .action(redrive);

export const discardCommand = (): Command =>
  changeOptions(new Command('discard'))
    .description('close open letters for good; they stay listed until they expire')
    .action(discard);
