import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDatabases } from '../health.ts';
import { cacheFolder, folderHash, isRoot, nobodyUid } from '../paths.ts';
import { isAlive } from '../process-identity.ts';
import { mustRun } from '../run-tool.ts';
import { postgresInitdb, postgresSettings, postgresUser } from '../settings.ts';
import { localUrls } from '../urls.ts';
import type { EmbeddedContext, EmbeddedServer } from './server.ts';

const asUser = (): { uid?: number } => (isRoot() ? { uid: nobodyUid } : {});

/** Under root the data lies where the user `nobody` can reach it, which the checkout may not be. */
export function postgresFolder(folder: string, stateId: string): string {
  return isRoot() ? join(cacheFolder(), 'postgres', `${folderHash(folder)}-${stateId}`) : join(folder, 'postgres');
}

const dataOf = ({ folder, state }: EmbeddedContext) => join(postgresFolder(folder, state.id), 'data');

function makeOwn(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (isRoot()) chownSync(folder, nobodyUid, nobodyUid);
}

/**
 * Postgres takes whatever has the number in postmaster.pid for itself and refuses to start: a program that got the
 * number after a reboot, or the zombie of a postmaster that was killed where nobody buries the dead. We know better.
 * Backends that may be left are found by Postgres itself, by the shared memory of the data folder.
 */
function dropStalePidFile(context: EmbeddedContext): void {
  const file = join(dataOf(context), 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const last = context.state.processes.postgres;
  if (last?.pid === pid && !isAlive(last)) rmSync(file);
}

async function initialise(context: EmbeddedContext): Promise<void> {
  const home = postgresFolder(context.folder, context.state.id);
  const fresh = join(home, 'data.new');
  makeOwn(home);
  rmSync(fresh, { recursive: true, force: true });
  await mustRun({
    command: join(context.binaries, 'postgres', 'bin', 'initdb'),
    args: ['-D', fresh, '-U', postgresUser, '--auth=trust', ...postgresInitdb],
    cwd: home,
    ...asUser(),
  });
  renameSync(fresh, dataOf(context));
}

export const postgresServer: EmbeddedServer = {
  name: 'postgres',
  needs: [],
  async prepare(context) {
    if (existsSync(dataOf(context))) dropStalePidFile(context);
    else await initialise(context);
  },
  daemon(context) {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(context.state.ports.postgres),
      unix_socket_directories: '',
      ...postgresSettings,
    };
    return {
      command: join(context.binaries, 'postgres', 'bin', 'postgres'),
      args: ['-D', dataOf(context), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      cwd: postgresFolder(context.folder, context.state.id),
      ...asUser(),
    };
  },
  async afterStart({ state }) {
    await ensureDatabases(localUrls(state.ports));
  },
  stopSignal: 'SIGINT', // "fast": ends sessions instead of waiting for them
};
