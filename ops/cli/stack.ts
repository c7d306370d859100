import { Argument, Command } from 'commander';
import {
  ensureStack,
  type ServerName,
  serverNames,
  stackDown,
  stackEnvironment,
  stackLogs,
  stackStatus,
} from '../stack/stack.ts';
import { type JsonOption, jsonOption, say, writeReport } from './report.ts';
import { createStackDisplay } from './stack-display.ts';

interface Options {
  readonly json?: JsonOption;
}

const assignments = (environment: Readonly<Record<string, string>>): string[] =>
  Object.entries(environment).map(([name, value]) => `${name}=${value}`);

async function up(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const began = performance.now();
  const display = createStackDisplay();
  try {
    const urls = await ensureStack({ onProgress: display.onProgress });
    const { driver } = urls;
    const environment = stackEnvironment(urls);
    say(options, [`driver ${driver}`, ...assignments(environment)]);
    const durationMs = Math.round(performance.now() - began);
    await writeReport(options.json, {
      command: 'stack up',
      startedAt,
      config: { driver },
      runs: [],
      summary: { ...environment, durationMs },
    });
  } finally {
    display.close();
  }
}

async function down(options: { readonly purge?: boolean }): Promise<void> {
  const display = createStackDisplay();
  await stackDown({ purge: options.purge === true, onProgress: display.onProgress });
}

async function status(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { driver, urls, servers } = await stackStatus();
  const environment = urls ? stackEnvironment(urls) : {};
  const lines = servers.map(({ name, healthy, pid, problem }) =>
    [name.padEnd(8), healthy ? 'healthy' : (problem ?? 'unknown'), pid === undefined ? '' : `pid ${pid}`]
      .join('  ')
      .trimEnd(),
  );
  say(options, [`driver ${driver}`, ...lines, ...assignments(environment)]);
  const healthy = servers.length > 0 && servers.every((server) => server.healthy);
  await writeReport(options.json, {
    command: 'stack status',
    startedAt,
    config: { driver },
    runs: servers,
    summary: { healthy, ...environment },
  });
  if (!healthy) process.exitCode = 1;
}

async function logs(name: ServerName | undefined, options: { readonly lines: number }): Promise<void> {
  for (const one of name ? [name] : serverNames) {
    if (!name) process.stdout.write(`── ${one}\n`);
    process.stdout.write(`${await stackLogs(one, { lines: options.lines })}\n`);
  }
}

/** `freshet stack up | down | status | logs [server] | compose`. */
export function stackCommand(): Command {
  const command = new Command('stack').description('Postgres, Kafka, the schema registry and Redis for this checkout');
  command
    .command('up')
    .description('start what does not run yet, wait until all answer, print their URLs')
    .option(...jsonOption)
    .action(up);
  command
    .command('down')
    .description('stop what this checkout started; data is kept')
    .option('--purge', 'remove the data as well')
    .action(down);
  command
    .command('status')
    .description('what runs and answers; exit code 1 unless all do')
    .option(...jsonOption)
    .action(status);
  command
    .command('logs')
    .description("the end of the servers' own logs")
    .addArgument(new Argument('[server]', 'one server').choices([...serverNames]))
    .option('--lines <count>', 'lines a server', Number, 40)
    .action(logs);
  command
    .command('compose')
    .description('the text of docker-compose.yml')
    .action(async () => {
      const { composeFile } = await import('../stack/compose-file.ts');
      process.stdout.write(composeFile());
    });
  return command;
}
