import { Command } from 'commander';
import { type Outbox, retentionMs, withOutbox } from '../outbox/open-outbox.ts';
import { nextToDrop, outboxStatus, partitionsAhead } from '../outbox/status.ts';
import { statusLines } from '../outbox/status-lines.ts';
import { type OutboxOptions, outboxOption } from './outbox-options.ts';
import { parkedCommand } from './outbox-parked.ts';
import { restampCommand } from './outbox-restamp.ts';
import { verifyCommand } from './outbox-verify.ts';
import { jsonOption, say, writeReport } from './report.ts';

async function status(options: OutboxOptions): Promise<void> {
  const startedAt = new Date().toISOString();
  await withOutbox(options.outbox, async ({ url, location, database }: Outbox) => {
    const retention = retentionMs();
    const found = await outboxStatus({ url, database, retentionMs: retention });
    say(options, [`outbox ${location}`, ...statusLines(found, retention, Date.now())]);
    const { shards, parked, depth, ...rest } = found;
    await writeReport(options.json, {
      command: 'outbox status',
      startedAt,
      config: { outbox: location, retentionHours: retention / 3_600_000 },
      runs: shards,
      summary: {
        ...rest,
        unpublished: depth.records,
        exact: depth.exact,
        oldestUnpublishedAt: depth.oldestCreatedAt ?? null,
        parked,
        partitionsAhead: partitionsAhead(found).length,
        nextToDrop: nextToDrop(found, retention) ?? null,
      },
    });
  });
}

/** `freshet outbox status | parked | verify | restamp`. */
export function outboxCommand(): Command {
  const command = new Command('outbox').description('An outbox: its state, and what is done by hand');
  command
    .command('status')
    .description('depth, shards and their owners, open transactions that hold things back, partitions, parked records')
    .option(...outboxOption)
    .option(...jsonOption)
    .action(status);
  command.addCommand(parkedCommand());
  command.addCommand(verifyCommand());
  command.addCommand(restampCommand());
  return command;
}
