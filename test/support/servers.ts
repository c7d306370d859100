import { inject } from 'vitest';
import { untilServersAnswer } from '../../ops/stack/health.ts';
import { mustRun } from '../../ops/stack/run-tool.ts';
import {
  type ServerName,
  startServer as startStackServer,
  stopServer as stopStackServer,
} from '../../ops/stack/stack.ts';

/**
 * Stops one server for every test there is, so only the e2e tier may do it: its files run alone. SIGKILL is a crash.
 * Rejects where the servers are those of the environment, which are not ours to stop.
 */
export async function stopServer(name: ServerName, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const container = inject('containers')[name];
  if (container) await mustRun({ command: 'docker', args: [signal === 'SIGKILL' ? 'kill' : 'stop', container] });
  else await stopStackServer(name, signal === 'SIGKILL' ? { signal } : {});
}

/** Starts it again under the same address; resolves when it answers. */
export async function startServer(name: ServerName): Promise<void> {
  const container = inject('containers')[name];
  if (!container) return startStackServer(name);
  await mustRun({ command: 'docker', args: ['start', container] });
  await untilServersAnswer(inject('stack'), [name]);
}
