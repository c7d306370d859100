import { Command, InvalidArgumentError, Option } from 'commander';
import { type StateSettings, stateSettingsSchema } from '../../pipeline/domain/feature/settings.ts';
import { configSpec } from '../../pipeline/kernel/config.ts';
import { type ActorOptions, actorOf } from '../outbox/audit.ts';
import { firstSignal } from '../process/signals.ts';
import { changeRate } from '../rebuild/change-rate.ts';
import { compareVersions, differingFields } from '../rebuild/compare.ts';
import { type Installation, withInstallation } from '../rebuild/installation.ts';
import { behindOf } from '../rebuild/progress.ts';
import { promote, rollback } from '../rebuild/promote.ts';
import { retire } from '../rebuild/retire.ts';
import { startRebuild } from '../rebuild/start.ts';
import { rebuildStatus } from '../rebuild/status.ts';
import { activeOf, buildingOf } from '../rebuild/versions.ts';
import { installationServers } from './connection.ts';
import { becauseOption, operatorOption } from './outbox-options.ts';
import { behindLines, compareLines, statusLines } from './rebuild-lines.ts';
import { type JsonOption, jsonOption, say, writeReport } from './report.ts';
import { wholeNumber } from './whole-number.ts';

interface Options extends ActorOptions {
  readonly json?: JsonOption;
}

const installation = <T>(work: (installation: Installation) => Promise<T>): Promise<T> =>
  withInstallation(installationServers(), work);

/** Writes the document of a verb whose result is one object. */
const report = (options: Options, command: string, summary: object) =>
  writeReport(options.json, {
    command: `rebuild ${command}`,
    startedAt: new Date().toISOString(),
    config: {},
    runs: [],
    summary: { ...summary },
  });

interface StartOptions extends Options {
  readonly from: 'enriched' | 'recorded';
  readonly stage: 'aggregation';
  readonly rate?: number;
  readonly set: Partial<StateSettings>;
  readonly allowShorter?: true;
}

/** Collects `--set name=value`. */
function setting(text: string, before: Partial<StateSettings>): Partial<StateSettings> {
  const [name = '', value = ''] = text.split('=', 2);
  if (!(name in stateSettingsSchema.shape) || !/^\d+$/.test(value)) {
    const names = Object.keys(stateSettingsSchema.shape).join(', ');
    throw new InvalidArgumentError(`takes name=whole number; names are ${names}`);
  }
  return { ...before, [name]: Number(value) };
}

/** A new version takes its history size from the environment where `--set` does not say. */
function settingsFromEnvironment(): Partial<StateSettings> {
  const size = configSpec.FRESHET_FEATURE_HISTORY_SIZE.schema.parse(
    process.env.FRESHET_FEATURE_HISTORY_SIZE ?? process.env.STREAM_FEATURE_HISTORY_SIZE,
  );
  return size === undefined ? {} : { historySize: size };
}

async function start(options: StartOptions): Promise<void> {
  const actor = actorOf(options);
  await installation(async (servers) => {
    const row = await startRebuild(servers, {
      source: options.from,
      settings: { ...settingsFromEnvironment(), ...options.set },
      ...(options.rate === undefined ? {} : { rate: options.rate }),
      from: 'earliest',
      allowShorter: options.allowShorter === true,
      actor,
      now: Date.now(),
    });
    say(options, [
      `state version ${row.version} is being built from ${row.source}, complete since ${new Date(row.completeSince).toISOString()}`,
      'every running aggregation and candidates process works on it; see `npx freshet rebuild status`',
    ]);
    await report(options, 'start', row);
  });
}

async function status(options: Options): Promise<void> {
  await installation(async (servers) => {
    const rows = await rebuildStatus(servers);
    say(options, rows.flatMap(statusLines));
    await writeReport(options.json, {
      command: 'rebuild status',
      startedAt: new Date().toISOString(),
      config: {},
      runs: rows,
      summary: { versions: rows.length },
    });
  });
}

interface CompareOptions extends Options {
  readonly limit: number;
  readonly with?: number;
}

async function compare(version: number | undefined, options: CompareOptions): Promise<void> {
  await installation(async (servers) => {
    const { database } = servers;
    const other = await buildingOf(database, version);
    const against = options.with ?? (await activeOf(database)).version;
    const versions = [against, other.version] as const;
    const tables = await compareVersions(database, { versions, limit: options.limit, settleMs: 2_000 });
    const users = tables.find(({ table }) => table === 'user_profile')?.differing ?? [];
    const fields = await Promise.all(
      users.map(async (user) => ({ ...user, fields: await differingFields(database, { versions, ...user }) })),
    );
    const behind = await behindOf(servers, other);
    say(options, [...compareLines(versions, tables, fields), ...behindLines(other.version, behind)]);
    await writeReport(options.json, {
      command: 'rebuild compare',
      startedAt: new Date().toISOString(),
      config: { versions },
      runs: tables,
      summary: { users: fields, behind },
    });
  });
}

interface WaitingOptions extends Options {
  readonly within: number;
}

async function promoteVersion(version: number | undefined, options: WaitingOptions): Promise<void> {
  const actor = actorOf(options);
  const { aborted: signal } = firstSignal();
  await installation(async (servers) => {
    const row = await buildingOf(servers.database, version);
    const onWait = (what: string) => void process.stderr.write(`waiting: ${what}\n`);
    const wait = { withinMs: options.within * 1_000, signal, onWait };
    const switched = await promote(servers, { version: row.version, actor, ...wait });
    say(options, [
      `lists are answered from state version ${switched.to}; ${switched.from} goes on beside it`,
      'back: `npx freshet rebuild rollback`; when it has proved itself: `npx freshet rebuild retire`',
    ]);
    await report(options, 'promote', switched);
  });
}

async function rollBack(options: Options): Promise<void> {
  const actor = actorOf(options);
  await installation(async (servers) => {
    const switched = await rollback(servers, actor);
    say(options, [
      `lists are answered from state version ${switched.to} again; ${switched.from} can be promoted anew or aborted`,
    ]);
    await report(options, 'rollback', switched);
  });
}

const takeAway = (verb: 'retire' | 'abort') => async (version: number, options: Options) => {
  const actor = actorOf(options);
  await installation(async (servers) => {
    const onStep = (step: string) => void process.stderr.write(`${step}\n`);
    const retired = await retire(servers, { version, verb, actor, onStep });
    say(options, [
      `state version ${version} is gone: ${retired.tombstones} tombstones, ${retired.redisKeys} keys of Redis`,
    ]);
    await report(options, verb, retired);
  });
};

async function setRate(version: number, rate: number | null, options: Options): Promise<void> {
  const actor = actorOf(options);
  await installation(async ({ database }) => {
    await changeRate(database, { version, rate, actor });
    say(options, [`state version ${version}: ${rate === null ? 'no limit' : `${rate} events/s`}`]);
    await report(options, 'rate', { version, rate });
  });
}

const rateOf = (text: string): number | null => (text === 'none' ? null : wholeNumber(text));

/** `freshet rebuild start|status|compare|promote|rollback|rate|retire|abort`. */
export function rebuildCommand(): Command {
  const command = new Command('rebuild').description(
    'state anew beside the live one: build, compare, promote, roll back',
  );
  const verb = (name: string, description: string) => command.command(name).description(description);
  const changing = (one: Command) =>
    one
      .option(...becauseOption)
      .option(...operatorOption)
      .option(...jsonOption);
  changing(verb('start', 'make a version of state from the whole log; running processes work on it'))
    .addOption(
      new Option('--stage <name>', 'what is built anew, with the lists made from it')
        .choices(['aggregation'])
        .default('aggregation'),
    )
    .addOption(
      new Option('--from <log>', 'enriched interactions as they were, or recorded ones enriched by today’s code')
        .choices(['enriched', 'recorded'])
        .default('enriched'),
    )
    .option(
      '--set <name=value>',
      `what shapes state: ${Object.keys(stateSettingsSchema.shape).join(', ')}`,
      setting,
      {},
    )
    .option('--rate <events/s>', 'most events a second, all processes together', wholeNumber)
    .option('--allow-shorter', 'although the log no longer reaches back as far as the active version does')
    .action(start);
  verb('status', 'each version: standing, progress with time left, lists, dead letters')
    .option(...jsonOption)
    .action(status);
  verb('compare', 'rows and checksums of two versions, and users that differ')
    .argument('[version]', 'the only one that is being built, by default', wholeNumber)
    .option('--with <version>', 'the active one by default', wholeNumber)
    .option('--limit <n>', 'most users told', wholeNumber, 10)
    .option(...jsonOption)
    .action(compare);
  changing(verb('promote', 'answer from it, once it is caught up and every serving process holds its popular lists'))
    .argument('[version]', 'the only one that is being built, by default', wholeNumber)
    .option('--within <seconds>', 'how long to wait for that', wholeNumber, 600)
    .action(promoteVersion);
  changing(verb('rollback', 'answer from the version before again, at once')).action(rollBack);
  changing(verb('rate', 'how fast a version is built from now on'))
    .argument('<version>', 'its number', wholeNumber)
    .argument('<events/s>', 'or none', rateOf)
    .action(setRate);
  changing(verb('retire', 'take a version away that was active: no rollback to it any more'))
    .argument('<version>', 'its number', wholeNumber)
    .action(takeAway('retire'));
  changing(verb('abort', 'take a version away that was never promoted'))
    .argument('<version>', 'its number', wholeNumber)
    .action(takeAway('abort'));
  return command;
}
