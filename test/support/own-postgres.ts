import { type ChildProcess, spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { withAdmin } from '../../ops/stack/areas.ts';
import { installServers } from '../../ops/stack/embedded/install.ts';
import { cacheFolder, isRoot, nobodyUid } from '../../ops/stack/paths.ts';
import { claimPorts } from '../../ops/stack/ports.ts';
import { mustRun } from '../../ops/stack/run-tool.ts';
import { postgresInitdb, postgresUser } from '../../ops/stack/settings.ts';
import { eventually } from './eventually.ts';

/** A Postgres cluster of one test file: another cluster than the shared one, with transaction ids of its own. */
export interface OwnPostgres {
  /** Of its database `postgres`. */
  readonly url: string;
  /** A standby that streams from it, made of a copy of its files; it is down for a moment. */
  createStandby(): Promise<OwnPostgres>;
  close(): Promise<void>;
}

const user = isRoot() ? { uid: nobodyUid, gid: nobodyUid } : {};

/** Under the cache folder: the user that Postgres runs as must reach it. */
function newFolder(): string {
  const parent = join(cacheFolder(), 'test-postgres');
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(join(parent, `p${process.pid}-`));
  own(folder);
  return folder;
}

function own(path: string): void {
  if (!isRoot()) return;
  chownSync(path, nobodyUid, nobodyUid);
  if (statSync(path).isDirectory()) for (const name of readdirSync(path)) own(join(path, name));
}

export async function createOwnPostgres(): Promise<OwnPostgres> {
  const binaries = join(await installServers(() => undefined), 'postgres', 'bin');
  const folder = newFolder();
  const data = join(folder, 'data');
  const args = ['-D', data, '-U', postgresUser, '--auth=trust', ...postgresInitdb, '--no-sync'];
  await mustRun({ command: join(binaries, 'initdb'), args, cwd: folder, ...user });
  return run({ binaries, folder });
}

interface Place {
  readonly binaries: string;
  readonly folder: string;
}

async function run({ binaries, folder }: Place): Promise<OwnPostgres> {
  const data = join(folder, 'data');
  const [port] = (await claimPorts(folder, 1)) as [number];
  const url = `postgres://${postgresUser}@127.0.0.1:${port}/postgres`;
  let server = await start({ binaries, folder }, port, url);
  return {
    url,
    async createStandby() {
      await stop(server);
      const copy = newFolder();
      await mustRun({ command: 'cp', args: ['-a', data, join(copy, 'data')] }); // with its modes, which Postgres insists on
      writeFileSync(join(copy, 'data', 'standby.signal'), '');
      const primary = `host=127.0.0.1 port=${port} user=${postgresUser}`;
      writeFileSync(join(copy, 'data', 'postgresql.auto.conf'), `primary_conninfo = '${primary}'\n`);
      own(copy);
      server = await start({ binaries, folder }, port, url);
      return run({ binaries, folder: copy });
    },
    async close() {
      await stop(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function start({ binaries, folder }: Place, port: number, url: string): Promise<ChildProcess> {
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'fsync=off'];
  const args = ['-D', join(folder, 'data'), ...settings.flatMap((setting) => ['-c', setting])];
  const logFile = join(folder, 'log');
  const log = openSync(logFile, 'a');
  const server = spawn(join(binaries, 'postgres'), args, { cwd: folder, stdio: ['ignore', log, log], ...user });
  closeSync(log);
  await eventually(
    () => {
      if (server.exitCode !== null) throw new Error(`postgres ended: ${readFileSync(logFile, 'utf8').slice(-2_000)}`);
      return withAdmin(url, (client) => client.query('SELECT 1'));
    },
    { withinMs: 30_000, everyMs: 50 },
  );
  return server;
}

function stop(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (server.exitCode !== null || server.signalCode !== null) return resolve();
    server.once('exit', () => resolve());
    server.kill('SIGINT'); // "fast": ends sessions instead of waiting for them
  });
}
