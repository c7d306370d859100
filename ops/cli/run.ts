import { setFlagsFromString } from 'node:v8';
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { parseConfig } from '../../pipeline/kernel/config.ts';
import { settlesWithin } from '../../pipeline/kernel/deadline.ts';
import { messageOf } from '../../pipeline/kernel/errors.ts';
import { createLogger, type Logger } from '../../pipeline/kernel/logger.ts';
import { type FreshetProcess, startProcess } from '../process/process.ts';
import { parseRoles, roles, withEmbeddedWorkers } from '../process/roles.ts';
import { firstSignal } from '../process/signals.ts';
import { stackEnvironment, stackStatus } from '../stack/stack.ts';

/** The environment; where it names no servers, those of this checkout's running stack. */
async function environment(): Promise<Record<string, string | undefined>> {
  const { urls } = await stackStatus();
  return { ...(urls ? stackEnvironment(urls) : {}), ...process.env };
}

/** Below the 30 s after which Kubernetes kills. */
const stopWithinMs = 25_000;

interface Options {
  readonly roles: string;
  readonly stopWithin: number;
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('takes whole milliseconds from 1 on');
  return value;
}

/** A server that hangs may keep a transaction from ever ending: then the process ends without it. */
async function stopInTime(running: FreshetProcess, log: Logger, withinMs: number): Promise<void> {
  if (await settlesWithin(systemClock, withinMs, running.stop())) return log.info('stopped');
  log.error({ withinMs }, 'not stopped in time; what was in flight is done again at the next start');
  process.exit(1);
}

/**
 * A relay that drains makes garbage faster than anything else, and V8 lets its heap grow for it: 250–290 MiB resident
 * at 200,000 records/s and 5.1 CPU seconds a million. With a young generation that does not grow, and an old one that
 * is collected at twice what is alive, 194–205 MiB at 183,000–199,000/s and 5.7 (Node 24, November 2026).
 */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=100');
}

async function run(options: Options): Promise<void> {
  const config = parseConfig(await environment());
  const wanted = withEmbeddedWorkers(parseRoles(options.roles), config.FRESHET_HTTP_EMBEDDED_WORKERS);
  if (wanted.size === 1 && wanted.has('relay')) keepHeapSmall();
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
  await stopInTime(running, log, options.stopWithin);
}

/** `freshet run [--roles a,b]`. */
export function runCommand(): Command {
  return new Command('run')
    .description('run roles in this process until a signal')
    .option('--roles <names>', `comma separated: http, ${roles.join(', ')}`, ['http', ...roles].join(','))
    .option('--stop-within <ms>', 'end without what hangs so long after the signal', milliseconds, stopWithinMs)
    .action(run);
}
