import { Command } from 'commander';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { instantOf } from '../outbox/arguments.ts';
import { type ActorOptions, actorOf } from '../outbox/audit.ts';
import { type Installation, withInstallation } from '../rebuild/installation.ts';
import { type Moved, type OffsetSelection, type ReplayFrom, replay, resume } from '../replay/replay.ts';
import { installationServers } from './connection.ts';
import { becauseOption, operatorOption } from './outbox-options.ts';
import { type JsonOption, jsonOption, say, writeReport } from './report.ts';
import { naturalNumber, wholeNumber } from './whole-number.ts';

interface Options extends ActorOptions {
  readonly stage: string;
  readonly stateVersion?: number;
  readonly topic?: string;
  readonly partition?: number;
  readonly json?: JsonOption;
}

function selectionOf({ stage, stateVersion, topic, partition }: Options): OffsetSelection {
  return {
    stage,
    ...(stateVersion === undefined ? {} : { stateVersion }),
    ...(topic === undefined ? {} : { topic }),
    ...(partition === undefined ? {} : { partition }),
  };
}

function fromOf(text: string, { partition }: Options): ReplayFrom {
  if (text === 'earliest') return { kind: 'earliest' };
  if (!/^\d+$/.test(text)) return { kind: 'instant', at: instantOf('--from', text, Date.now()) };
  if (partition !== undefined) return { kind: 'offset', offset: BigInt(text) };
  throw new FreshetError(
    'argument_invalid',
    '--from with an offset needs --partition: offsets differ from one to the next',
  );
}

const servers = <T>(work: (installation: Installation) => Promise<T>): Promise<T> =>
  withInstallation(installationServers(), work);

async function tell(command: string, moved: readonly Moved[], options: Options): Promise<void> {
  const lines = moved.map(
    ({ stage, stateVersion, topic, partition, from, to }) =>
      `${stage}${stateVersion === 0 ? '' : `.v${stateVersion}`} ${topic}/${partition}: ${from === to ? `goes on at ${to}` : `${from} → ${to}`}`,
  );
  say(options, [...lines, 'whoever has these partitions takes them up within a second']);
  await writeReport(options.json, {
    command,
    startedAt: new Date().toISOString(),
    config: { ...selectionOf(options) },
    runs: moved,
    summary: { partitions: moved.length },
  });
}

async function runReplay(options: Options & { readonly from: string }): Promise<void> {
  const actor = actorOf(options);
  const from = fromOf(options.from, options);
  await servers(async (installation) => {
    await tell('replay', await replay(installation, selectionOf(options), { from, actor }), options);
  });
}

async function runResume(options: Options): Promise<void> {
  const actor = actorOf(options);
  await servers(async ({ database }) => {
    await tell('resume', await resume(database, selectionOf(options), actor), options);
  });
}

const selecting = (command: Command): Command =>
  command
    .requiredOption('--stage <name>', 'whose stored offsets')
    .option('--state-version <n>', 'of one version of state', wholeNumber)
    .option('--topic <name>', 'of one topic')
    .option('--partition <n>', 'of one partition', naturalNumber)
    .option(...becauseOption)
    .option(...operatorOption)
    .option(...jsonOption);

/** `freshet replay`. */
export function replayCommand(): Command {
  return selecting(new Command('replay').description('let a stage whose effect can be repeated read its topics again'))
    .requiredOption('--from <where>', 'earliest, an instant, how long ago such as 2h, or an offset with --partition')
    .action(runReplay);
}

/** `freshet resume`. */
export function resumeCommand(): Command {
  return selecting(new Command('resume').description('let partitions go on that a stage has paused')).action(runResume);
}
