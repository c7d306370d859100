import { Command, Option } from 'commander';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { migrateCheck, migrateStatus, migrateUp } from '../migrate/migrate.ts';
import {
  compareChecksums,
  readChecksums,
  readMigrations,
  repositoryRoot,
  writeChecksums,
} from '../migrate/migration-files.ts';
import { serverOf } from './connection.ts';
import { type JsonOption, jsonOption, say, writeReport } from './report.ts';

interface Options {
  readonly url?: string;
  readonly json?: JsonOption;
}

const urlOption = ['--url <url>', 'Postgres to work on; default FRESHET_POSTGRES_URL, else the running stack'] as const;

const urlOf = (options: Options): string => serverOf('postgresUrl', options.url);

/** Host and database of a connection URL, without credentials. */
function locationOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

async function up(options: Options & { readonly only?: 'outbox' }): Promise<void> {
  const startedAt = new Date().toISOString();
  const url = urlOf(options);
  const only = options.only === undefined ? {} : { only: options.only };
  const result = await migrateUp({ url, log: createLogger('info'), ...only });
  say(options, [`${result.applied.length} applied, ${result.alreadyApplied} already there`]);
  await writeReport(options.json, {
    command: 'migrate up',
    startedAt,
    config: { database: locationOf(url), ...only },
    runs: result.applied.map((file) => ({ file })),
    summary: { applied: result.applied.length, alreadyApplied: result.alreadyApplied, durationMs: result.durationMs },
  });
}

async function status(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const url = urlOf(options);
  const { set, migrations, problems } = await migrateStatus({ url });
  say(options, [
    ...migrations.map(({ file, state, appliedAt }) => `${state.padEnd(8)} ${file}  ${appliedAt ?? ''}`),
    ...(set === 'outbox' ? ['this database holds the outbox alone (migrate up --only outbox)'] : []),
    ...problems,
  ]);
  const count = (state: string) => migrations.filter((one) => one.state === state).length;
  const summary = { set, applied: count('applied'), pending: count('pending'), edited: count('edited'), problems };
  const config = { database: locationOf(url) };
  await writeReport(options.json, { command: 'migrate status', startedAt, config, runs: migrations, summary });
  if (problems.length > 0) process.exitCode = 1;
}

async function check(options: Options & { readonly database?: boolean }): Promise<void> {
  const startedAt = new Date().toISOString();
  const url = options.database || options.url ? urlOf(options) : undefined;
  const { files, applied, set, problems } = await migrateCheck(url === undefined ? {} : { url });
  const held = applied === null ? '' : `, ${applied} applied${set === 'outbox' ? ' (the outbox alone)' : ''}`;
  say(options, problems.length > 0 ? problems : [`${files} migrations in order${held}`]);
  const config = { database: url === undefined ? null : locationOf(url) };
  const summary = { files, applied, set, problems };
  await writeReport(options.json, { command: 'migrate check', startedAt, config, runs: [], summary });
  if (problems.length > 0) process.exitCode = 1;
}

/** New files are added; files that have landed keep their checksum unless `--rewrite` says otherwise. */
async function record(options: Options & { readonly rewrite?: boolean }): Promise<void> {
  const startedAt = new Date().toISOString();
  const { migrations, problems: named } = await readMigrations(repositoryRoot);
  const landed = compareChecksums(migrations, await readChecksums(repositoryRoot));
  const refused = [...named, ...(options.rewrite ? [] : landed.filter((problem) => !problem.includes('is not in')))];
  if (refused.length === 0) await writeChecksums(repositoryRoot, migrations);
  say(options, refused.length > 0 ? refused : [`${migrations.length} checksums recorded`]);
  const summary = { recorded: refused.length === 0 ? migrations.length : 0, problems: refused };
  await writeReport(options.json, { command: 'migrate record', startedAt, config: {}, runs: [], summary });
  if (refused.length > 0) process.exitCode = 1;
}

/** `freshet migrate up | status | check | record`. */
export function migrateCommand(): Command {
  const command = new Command('migrate').description('Numbered, immutable SQL migrations of the schema freshet');
  command
    .command('up')
    .description('apply what is pending; safe to run twice at once')
    .addOption(
      new Option('--only <part>', 'only the outbox tables, for a service with its own Postgres').choices(['outbox']),
    )
    .option(...urlOption)
    .option(...jsonOption)
    .action(up);
  command
    .command('status')
    .description('each migration and whether it is applied')
    .option(...urlOption)
    .option(...jsonOption)
    .action(status);
  command
    .command('check')
    .description('names, order and checksums, offline; with --database or --url also what is applied')
    .option('--database', 'compare with the configured database')
    .option(...urlOption)
    .option(...jsonOption)
    .action(check);
  command
    .command('record')
    .description('record the checksums of new migrations in migrations/checksums.json')
    .option('--rewrite', 'also of those that have landed: only before the first release')
    .option(...jsonOption)
    .action(record);
  return command;
}
