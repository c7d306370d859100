import { randomUUID } from 'node:crypto';
import cliProgress from 'cli-progress';
import { Command } from 'commander';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { openDatabase } from '../../pipeline/stores/postgres/database.ts';
import { openRedis } from '../../pipeline/stores/redis/open-redis.ts';
import { backfill } from '../backfill/backfill.ts';
import { createBackfillStore } from '../backfill/progress-store.ts';
import { countUsers, partitionsWithoutCandidates } from '../backfill/users.ts';
import { firstSignal } from '../process/signals.ts';
import { activeOf } from '../rebuild/versions.ts';
import { serverOf } from './connection.ts';
import { type JsonOption, jsonOption, say, writeReport } from './report.ts';
import { wholeNumber } from './whole-number.ts';

interface Options {
  readonly namespace?: string;
  readonly rate: number;
  readonly dryRun?: true;
  readonly resume?: true;
  readonly json?: JsonOption;
}

interface Servers {
  readonly database: ReturnType<typeof openDatabase>;
  readonly redis: ReturnType<typeof openRedis>;
}

async function withServers<T>(work: (servers: Servers) => Promise<T>): Promise<T> {
  const url = serverOf('postgresUrl', undefined);
  const database = openDatabase({ url, maxConnections: 2, onIdleError: () => undefined });
  const redis = openRedis({
    url: serverOf('redisUrl', undefined),
    name: 'freshet-backfill',
    log: createLogger('error'),
  });
  try {
    return await work({ database, redis });
  } finally {
    redis.disconnect();
    await database.close();
  }
}

const seconds = (value: number): string => (value < 120 ? `${Math.ceil(value)} s` : `${Math.ceil(value / 60)} min`);

async function tell(options: Options): Promise<void> {
  await withServers(async ({ database }) => {
    const { version } = await activeOf(database);
    const users = await countUsers(database, { version, namespace: options.namespace ?? null });
    const missing = await partitionsWithoutCandidates(database, version);
    say(options, [
      `state version ${version}: ${users} lists would be made again, in ${seconds(users / options.rate)} at ${options.rate} users/s`,
      missing.length === 0
        ? 'candidates processes run for all partitions'
        : `no candidates process runs for partitions ${missing.join(', ')}`,
    ]);
    await report(options, { version, users, dry_run: true, partitions_without_candidates: missing });
  });
}

async function make(options: Options): Promise<void> {
  const { aborted: signal } = firstSignal();
  const bar = new cliProgress.SingleBar({
    format: 'backfill {bar} {value}/{total} users · {percentage} % · {duration_formatted}',
    barsize: 18,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 5_000,
    stream: process.stderr,
  });
  let isShown = false;
  const work = ({ database, redis }: Servers) =>
    backfill({
      database,
      storeOf: (version) => createBackfillStore(redis, version),
      run: randomUUID(),
      namespace: options.namespace ?? null,
      rate: options.rate,
      resume: options.resume === true,
      clock: systemClock,
      random: Math.random,
      log: createLogger('error'),
      signal,
      onProgress(done, total) {
        if (isShown) bar.setTotal(total);
        else bar.start(total, 0);
        isShown = true;
        bar.update(done);
      },
    });
  const result = await withServers(work).finally(() => isShown && bar.stop());
  const { version, users, resumedAt } = result;
  say(options, [
    `state version ${version}: ${users} lists made again${resumedAt > 0 ? `, ${resumedAt} of them by the run before` : ''}`,
  ]);
  await report(options, { version, users, resumed_at: resumedAt });
}

const report = (options: Options, summary: Record<string, unknown>) =>
  writeReport(options.json, {
    command: 'backfill',
    startedAt: new Date().toISOString(),
    config: { namespace: options.namespace ?? null, rate: options.rate },
    runs: [],
    summary,
  });

/** `freshet backfill [--namespace ns] [--rate users/s] [--dry-run] [--resume]`. */
export function backfillCommand(): Command {
  return new Command('backfill')
    .description('have the list of every user made again, by the candidates processes that run')
    .option('--namespace <name>', 'users of this namespace only')
    .option('--rate <users/s>', 'users a second at most', wholeNumber, 500)
    .option('--dry-run', 'say how many lists, how long, and whether candidates run; change nothing')
    .option('--resume', 'go on where a run was stopped; from the beginning where none was')
    .option(...jsonOption)
    .action((options: Options) => (options.dryRun ? tell(options) : make(options)));
}
