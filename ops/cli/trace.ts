import { Command } from 'commander';
import { defaultNamespace } from '../../pipeline/domain/intake/text.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { installedTopics } from '../../pipeline/main/installed-topics.ts';
import { instantOf } from '../outbox/arguments.ts';
import { traceLines } from '../trace/lines.ts';
import { openTraceServers } from '../trace/servers.ts';
import { trace } from '../trace/trace.ts';
import { exitCodes, verdictOf } from '../trace/verdict.ts';
import { installationConfig } from './connection.ts';
import { type JsonOption, jsonOption, say, writeReport } from './report.ts';

interface Options {
  readonly namespace: string;
  readonly user?: string;
  readonly since: string;
  readonly within: string;
  readonly json?: JsonOption;
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 600) return seconds;
  throw new FreshetError('argument_invalid', `--within: ${JSON.stringify(text)} is no number of seconds up to 600`);
}

async function run(eventId: string, options: Options): Promise<void> {
  const startedAt = new Date();
  const { namespace, user } = options;
  const since = instantOf('--since', options.since, startedAt.getTime());
  const withinMs = secondsOf(options.within) * 1_000;
  const config = installationConfig();
  const { doors } = installedTopics(config.FRESHET_SUBMIT_TOPICS);
  const servers = openTraceServers(config);
  try {
    const facts = await trace(servers, doors, { eventId, namespace, userId: user, since, withinMs });
    const verdict = verdictOf(facts);
    say(options, traceLines(facts, verdict));
    await writeReport(options.json, {
      command: 'trace',
      startedAt: startedAt.toISOString(),
      config: { eventId, namespace, user: user ?? null, since: new Date(since), withinMs },
      runs: [facts],
      summary: { ...verdict, exitCode: exitCodes[verdict.state] },
    });
    process.exitCode = exitCodes[verdict.state];
  } finally {
    await servers.close();
  }
}

/** `freshet trace <event_id>`; exit code 0 done, 3 not found, 4 on its way, 5 set aside. */
export function traceCommand(): Command {
  return new Command('trace')
    .description(
      'where one event is and what it did; exit code 0 done, 3 not found, 4 on its way or stuck, 5 set aside',
    )
    .argument('<event_id>')
    .option('--namespace <name>', 'of the event', defaultNamespace)
    .option('--user <id>', 'its user, where known: a sixteenth of the outbox and one partition are searched')
    .option('--since <when>', 'search nothing older: an instant with a zone, or how long ago', '24h')
    .option('--within <seconds>', 'time for searching; what is not reached is named', '4')
    .option(...jsonOption)
    .action(run);
}
