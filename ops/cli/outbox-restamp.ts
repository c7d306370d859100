import { Command } from 'commander';
import { type ActorOptions, actorOf } from '../outbox/audit.ts';
import { withOutbox } from '../outbox/open-outbox.ts';
import { restamp } from '../outbox/restamp.ts';
import { planRestamp, type RestampPlan } from '../outbox/restamp-plan.ts';
import { becauseOption, type OutboxOptions, operatorOption, outboxOption } from './outbox-options.ts';
import { jsonOption, say, writeReport } from './report.ts';

interface RestampOptions extends OutboxOptions, ActorOptions {
  readonly yes?: boolean;
}

const sum = (plan: RestampPlan, of: 'published' | 'unpublished') =>
  plan.shards.reduce((total, shard) => total + shard[of], 0n);

function planLines(plan: RestampPlan): string[] {
  const { action, from, to, restoredTo, shards, writtenHere, uncertain, problems } = plan;
  const lines = [`the outbox carries transaction ids of cluster ${from ?? 'unknown'}; this is cluster ${to}`];
  if (action === 'none') lines.push('they are this cluster’s: nothing to do');
  if (action === 'adopt') {
    lines.push('they came along intact (pg_upgrade, or a cluster that was ahead): only the cluster is to be recorded');
  }
  if (action === 'rewrite') {
    lines.push(
      `restored: ${restoredTo === null ? 'no rows' : `rows up to ${restoredTo}`}; ${sum(plan, 'published')} were published and stay so, ${sum(plan, 'unpublished')} were not and will be`,
      `written here since: ${writtenHere} rows, which will be published`,
      ...(uncertain > 0n
        ? [`  of these, ${uncertain} may as well be restored rows: were they published before, they will be doubled`]
        : []),
      'doubled too: what the old relays had in flight when the dump was taken, and all they published after it from restored rows',
      ...shards
        .filter(({ unpublished }) => unpublished > 0n)
        .map(({ shard, unpublished, floor }) => `  shard ${shard}: ${unpublished} to publish, from ${floor} on`),
    );
  }
  return [...lines, ...problems.map((problem) => `NOT NOW: ${problem}`)];
}

async function run(options: RestampOptions): Promise<void> {
  const startedAt = new Date().toISOString();
  const actor = options.yes ? actorOf(options) : undefined;
  await withOutbox(options.outbox, async ({ database, location }) => {
    const plan = actor ? await restamp(database, actor) : await planRestamp(database);
    const changed = actor !== undefined && plan.action !== 'none';
    const last = changed
      ? ['done; relays may start, and a VACUUM (ANALYZE) freshet.outbox is wise']
      : plan.action === 'none'
        ? []
        : ['nothing was changed; stop every relay of this outbox and run it with --yes --because TEXT'];
    say(options, [`outbox ${location}`, ...planLines(plan), ...last]);
    const { shards, ...summary } = plan;
    const config = { outbox: location, ...actor, dryRun: actor === undefined };
    await writeReport(options.json, { command: 'outbox restamp', startedAt, config, runs: shards, summary });
    if (plan.problems.length > 0) process.exitCode = 1;
  });
}

/** `freshet outbox restamp`; changes nothing without `--yes`. */
export function restampCommand(): Command {
  return new Command('restamp')
    .description('make an outbox publishable that came from another cluster by dump, logical replication or pg_upgrade')
    .option('--dry-run', 'only say what it would do; the default')
    .option('--yes', 'do it; every relay of this outbox must be stopped')
    .option(...becauseOption)
    .option(...operatorOption)
    .option(...outboxOption)
    .option(...jsonOption)
    .action(run);
}
