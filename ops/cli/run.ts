import { Command } from 'commander';
import { parseConfig } from '../../pipeline/kernel/config.ts';
import { messageOf } from '../../pipeline/kernel/errors.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { startProcess } from '../process/process.ts';
import { parseRoles, roles } from '../process/roles.ts';
import { firstSignal } from '../process/signals.ts';
import { stackEnvironment, stackStatus } from '../stack/stack.ts';

/** The environment; where it names no servers, those of this checkout's running stack. */
async function environment(): Promise<Record<string, string | undefined>> {
  const { urls } = await stackStatus();
  return { ...(urls ? stackEnvironment(urls) : {}), ...process.env };
}

async function run(options: { readonly roles: string }): Promise<void> {
  const wanted = parseRoles(options.roles);
  const config = parseConfig(await environment());
  const log = createLogger(config.FRESHET_LOG_LEVEL);
  const failed = Promise.withResolvers<'failed'>();
  const onFatal = (component: string, error: unknown) => {
    log.error({ component, error: messageOf(error) }, 'cannot go on, stopping');
    process.exitCode = 1;
    failed.resolve('failed');
  };
  const { received } = firstSignal();
  const running = await startProcess({ config, roles: wanted, log, onFatal });
  log.info({ listening: running.url, roles: [...wanted] }, 'running');
  const why = await Promise.race([received, failed.promise]);
  log.info({ why }, 'stopping');
  await running.stop();
  log.info('stopped');
}

/** `freshet run [--roles a,b]`. */
export function runCommand(): Command {
  return new Command('run')
    .description('run roles in this process until a signal')
    .option('--roles <names>', `comma separated: http, ${roles.join(', ')}`, ['http', ...roles].join(','))
    .action(run);
}
