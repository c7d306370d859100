import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError, messageOf } from '../../../pipeline/kernel/errors.ts';
import { logTail, startDaemon, stopDaemon } from '../daemon.ts';
import { checkServer } from '../health.ts';
import { isAlive } from '../process-identity.ts';
import type { OnProgress } from '../progress.ts';
import { logFileOf, writeState } from '../state.ts';
import { localUrls } from '../urls.ts';
import type { EmbeddedContext, EmbeddedServer } from './server.ts';

const startTimeoutMs = 120_000;
/** A process of ours that runs but answers nothing for this long is started anew. */
const sickTimeoutMs = 20_000;
const graceMs = 30_000;
const pollMs = 100;

/** Undefined once the server answers; else why it does not, when its process ended or the time is over. */
async function problemAfter(
  context: EmbeddedContext,
  server: EmbeddedServer,
  withinMs: number,
): Promise<string | undefined> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const ref = context.state.processes[server.name];
    if (!ref || !isAlive(ref)) return 'its process has ended';
    try {
      await server.afterStart?.(context);
      await checkServer(server.name, localUrls(context.state.ports));
      return undefined;
    } catch (error) {
      if (performance.now() > deadline) return messageOf(error);
    }
    await delay(pollMs);
  }
}

/** Ends the server's process where it is ours and runs. */
export async function stop(
  context: EmbeddedContext,
  server: EmbeddedServer,
  signal = server.stopSignal,
): Promise<void> {
  const ref = context.state.processes[server.name];
  if (ref) await stopDaemon(ref, { signal, graceMs });
}

/** Starts the server unless it runs and answers; resolves when it does. */
export async function start(context: EmbeddedContext, server: EmbeddedServer, onProgress: OnProgress): Promise<void> {
  const { folder, state } = context;
  const { name } = server;
  const ref = state.processes[name];
  if (ref && isAlive(ref)) {
    if ((await problemAfter(context, server, sickTimeoutMs)) === undefined) return;
    onProgress({ subject: name, text: 'does not answer, stopping' });
    await stop(context, server, 'SIGKILL');
  }
  onProgress({ subject: name, text: 'starting' });
  await server.prepare(context);
  const logFile = logFileOf(folder, name);
  state.processes[name] = await startDaemon({ ...server.daemon(context), logFile });
  writeState(folder, state);
  const problem = await problemAfter(context, server, startTimeoutMs);
  if (problem !== undefined) {
    const tail = logTail(logFile) || '(empty)';
    throw new FreshetError('stack_start_failed', `${name} did not start: ${problem}. The end of ${logFile}:\n${tail}`);
  }
  onProgress({ subject: name, text: 'ready' });
}
