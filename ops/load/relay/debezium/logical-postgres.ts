import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError, messageOf } from '../../../../pipeline/kernel/errors.ts';
import { databaseUrl, withAdmin } from '../../../stack/areas.ts';
import { logTail, startDaemon, stopDaemon } from '../../../stack/daemon.ts';
import { embeddedPurge } from '../../../stack/embedded/embedded.ts';
import { installServers } from '../../../stack/embedded/install.ts';
import { postgresServer } from '../../../stack/embedded/postgres.ts';
import { claimPorts } from '../../../stack/ports.ts';
import { identityOf } from '../../../stack/process-identity.ts';
import { logFileOf, readState, type StackState, writeState } from '../../../stack/state.ts';
import { localUrls, type ServerUrls } from '../../../stack/urls.ts';

/** Servers that a bench may use; whoever opens them closes them. */
export interface BenchServers {
  readonly urls: ServerUrls;
  close(): Promise<void>;
}

const folderName = (pid: number): string => `freshet-bench-p${pid}`;
const folderPattern = /^freshet-bench-p(\d+)$/;
const startWithinMs = 30_000;
const graceMs = 30_000;

async function remove(folder: string): Promise<void> {
  const state = readState(folder);
  if (state?.processes.postgres) {
    await stopDaemon(state.processes.postgres, { signal: postgresServer.stopSignal, graceMs });
  }
  if (state) embeddedPurge(folder, state);
  rmSync(folder, { recursive: true, force: true });
}

/** Ends the servers of benches that were killed before they could. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = folderPattern.exec(name)?.[1];
    if (pid !== undefined && identityOf(Number(pid)) === undefined) await remove(join(tmpdir(), name));
  }
}

async function untilItAnswers(url: string, logFile: string): Promise<void> {
  const deadline = performance.now() + startWithinMs;
  for (;;) {
    try {
      return await withAdmin(url, async (client) => void (await client.query('SELECT')));
    } catch (error) {
      if (performance.now() > deadline) {
        throw new FreshetError('bench_failed', `Postgres did not start: ${messageOf(error)}\n${logTail(logFile)}`);
      }
    }
    await delay(100);
  }
}

async function startOwn(folder: string, say: (line: string) => void): Promise<StackState> {
  mkdirSync(join(folder, 'logs'), { recursive: true });
  const binaries = await installServers(({ text }) => say(text));
  const [postgres = 0] = await claimPorts(folder, 1);
  // Only Postgres is started: the other ports are there for the form's sake.
  const ports = { postgres, kafka: postgres, registry: postgres, redis: postgres, kafkaController: postgres };
  const state: StackState = {
    version: 1,
    id: randomBytes(8).toString('hex'),
    driver: 'embedded',
    ports,
    processes: {},
  };
  writeState(folder, state);
  const context = { folder, binaries, java: '', state };
  await postgresServer.prepare(context);
  const daemon = postgresServer.daemon(context);
  const logFile = logFileOf(folder, 'postgres');
  state.processes.postgres = await startDaemon({
    ...daemon,
    args: [...daemon.args, '-c', 'wal_level=logical', '-c', 'wal_sender_timeout=5min'],
    logFile,
  });
  writeState(folder, state);
  await untilItAnswers(localUrls(ports).postgresUrl, logFile);
  return state;
}

async function walLevel(postgresUrl: string): Promise<string> {
  return withAdmin(postgresUrl, async (client) => {
    const { rows } = await client.query<{ wal_level: string }>('SHOW wal_level');
    return rows[0]?.wal_level ?? 'unknown';
  });
}

/**
 * Servers whose Postgres writes what logical decoding needs: those given where theirs does, else with a Postgres of
 * the bench's own, of the stack's version and settings. All systems of the run use it, so that none pays alone.
 */
export async function withLogicalWal(urls: ServerUrls, say: (line: string) => void): Promise<BenchServers> {
  if ((await walLevel(urls.postgresUrl)) === 'logical') return { urls, close: async () => {} };
  await sweep();
  const folder = join(tmpdir(), folderName(process.pid));
  say('starting a Postgres of its own with wal_level=logical, for all systems of this run');
  try {
    const state = await startOwn(folder, say);
    const postgresUrl = databaseUrl(localUrls(state.ports).postgresUrl, 'postgres');
    return { urls: { ...urls, postgresUrl }, close: () => remove(folder) };
  } catch (error) {
    await remove(folder);
    throw error;
  }
}
