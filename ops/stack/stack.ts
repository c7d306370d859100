import { join } from 'node:path';
import { FreshetError, messageOf } from '../../pipeline/kernel/errors.ts';
import { logTail } from './daemon.ts';
import * as docker from './docker.ts';
import * as embedded from './embedded/embedded.ts';
import { checkServer, serverProblems } from './health.ts';
import { withLock } from './lock.ts';
import { checkoutRoot, stackFolder } from './paths.ts';
import type { OnProgress } from './progress.ts';
import { type ServerName, serverNames } from './server-name.ts';
import { logFileOf, readState, type StackState } from './state.ts';
import { type DriverName, localUrls, type ServerUrls, type StackUrls, urlsFromEnvironment } from './urls.ts';

export type { OnProgress, StackProgress } from './progress.ts';
export { type ServerName, serverNames } from './server-name.ts';
export { localUrls, type ServerUrls, type StackUrls, stackEnvironment } from './urls.ts';

export interface StackOptions {
  /** The checkout; by default the one this file is in. */
  readonly root?: string;
  readonly onProgress?: OnProgress;
}

const driverNames: readonly string[] = ['environment', 'docker', 'embedded'] satisfies DriverName[];

const placeOf = ({ root = checkoutRoot() }: StackOptions) => ({ root, folder: stackFolder(root) });

/**
 * Who runs the servers: what FRESHET_STACK forces; else URLs in the environment; else whoever runs this checkout's
 * stack already; else a Docker engine that answers; else servers of our own.
 */
export async function chooseDriver(options: StackOptions = {}): Promise<DriverName> {
  const forced = process.env.FRESHET_STACK;
  if (forced !== undefined && forced !== '') {
    if (!driverNames.includes(forced))
      throw new FreshetError(
        'stack_driver_unknown',
        `FRESHET_STACK is ${forced}, but may be ${driverNames.join(', ')}`,
      );
    return forced as DriverName;
  }
  if (urlsFromEnvironment(process.env)) return 'environment';
  const driver = readState(placeOf(options).folder)?.driver;
  return driver ?? ((await docker.dockerAnswers()) ? 'docker' : 'embedded');
}

function underLock<T>(folder: string, onProgress: OnProgress, work: () => Promise<T>): Promise<T> {
  const onWait = () =>
    onProgress({ subject: 'postgres', text: 'waiting for another command that starts or stops this stack' });
  return withLock({ path: join(folder, 'lock'), onWait }, work);
}

async function environmentUp(): Promise<ServerUrls> {
  const urls = urlsFromEnvironment(process.env);
  if (!urls)
    throw new FreshetError(
      'stack_environment_incomplete',
      'FRESHET_STACK=environment needs the URLs of all four servers',
    );
  const problems = await serverProblems(urls);
  if (problems.length > 0)
    throw new FreshetError(
      'stack_environment_away',
      `servers named by the environment do not answer:\n  ${problems.join('\n  ')}`,
    );
  return urls;
}

/**
 * Resolves when all four servers answer over their own protocols. Repeats harmlessly: it starts only what does
 * not run and answer, and calls of one checkout wait for each other. What it starts outlives this process.
 */
export async function ensureStack(options: StackOptions = {}): Promise<StackUrls> {
  const { onProgress = () => {} } = options;
  const place = placeOf(options);
  const driver = await chooseDriver(options);
  if (driver === 'environment') return { driver, ...(await environmentUp()) };
  return underLock(place.folder, onProgress, async () => {
    const running = readState(place.folder);
    if (running && running.driver !== driver) await down(place, running, false);
    const urls =
      driver === 'docker'
        ? await docker.dockerUp(place, onProgress)
        : await embedded.embeddedUp(place.folder, onProgress);
    return { driver, ...urls };
  });
}

async function down(place: docker.DockerStack, state: StackState, purge: boolean): Promise<void> {
  if (state.driver === 'docker') await docker.dockerDown(place, state, purge);
  else await embedded.embeddedDown(place.folder, state);
}

/** Ends what this checkout's stack started, nothing else; with `purge` its data and state go too. */
export async function stackDown(options: StackOptions & { readonly purge?: boolean } = {}): Promise<void> {
  const { onProgress = () => {}, purge = false } = options;
  const place = placeOf(options);
  await underLock(place.folder, onProgress, async () => {
    const state = readState(place.folder);
    if (!state) return;
    await down(place, state, purge);
    if (purge) embedded.embeddedPurge(place.folder, state);
  });
}

export interface ServerStatus {
  readonly name: ServerName;
  /** Whether a process or container of ours runs; unknown for servers of the environment. */
  readonly running: boolean | undefined;
  /** Whether it answers over its protocol. */
  readonly healthy: boolean;
  readonly problem?: string;
  readonly pid?: number;
}

export interface StackStatus {
  readonly driver: DriverName | 'none';
  readonly urls: ServerUrls | undefined;
  readonly servers: readonly ServerStatus[];
}

async function statusOf(
  name: ServerName,
  urls: ServerUrls,
  running: boolean | undefined,
  pid?: number,
): Promise<ServerStatus> {
  const known = { name, running, ...(pid === undefined ? {} : { pid }) };
  if (running === false) return { ...known, healthy: false, problem: 'is not running' };
  try {
    await checkServer(name, urls);
    return { ...known, healthy: true };
  } catch (error) {
    return { ...known, healthy: false, problem: messageOf(error) };
  }
}

/** What runs and answers just now; starts nothing and waits for nobody. */
export async function stackStatus(options: StackOptions = {}): Promise<StackStatus> {
  const place = placeOf(options);
  const given = process.env.FRESHET_STACK ? undefined : urlsFromEnvironment(process.env);
  if (given || process.env.FRESHET_STACK === 'environment') {
    const urls = given ?? urlsFromEnvironment(process.env);
    if (!urls) return { driver: 'environment', urls, servers: [] };
    return {
      driver: 'environment',
      urls,
      servers: await Promise.all(serverNames.map((name) => statusOf(name, urls, undefined))),
    };
  }
  const state = readState(place.folder);
  if (!state) return { driver: 'none', urls: undefined, servers: [] };
  const urls = localUrls(state.ports);
  const runs = (name: ServerName) =>
    state.driver === 'docker'
      ? docker.dockerRuns(place, state, name)
      : embedded.embeddedRuns(place.folder, state, name);
  const servers = serverNames.map(async (name) => statusOf(name, urls, await runs(name), state.processes[name]?.pid));
  return { driver: state.driver, urls, servers: await Promise.all(servers) };
}

function mustHaveState(folder: string): StackState {
  const state = readState(folder);
  if (!state)
    throw new FreshetError('stack_not_there', `there is no stack in ${folder}; start one with: npx freshet stack up`);
  return state;
}

/** The end of a server's own log. */
export async function stackLogs(
  name: ServerName,
  options: StackOptions & { readonly lines?: number } = {},
): Promise<string> {
  const place = placeOf(options);
  const { lines = 100 } = options;
  const state = mustHaveState(place.folder);
  return state.driver === 'docker'
    ? docker.dockerLogs(place, state, name, lines)
    : logTail(logFileOf(place.folder, name), lines);
}

/** Ends one server of this checkout's stack; SIGKILL is for tests of crashes. */
export async function stopServer(
  name: ServerName,
  options: StackOptions & { readonly signal?: NodeJS.Signals } = {},
): Promise<void> {
  const place = placeOf(options);
  const { onProgress = () => {}, signal } = options;
  await underLock(place.folder, onProgress, async () => {
    const state = mustHaveState(place.folder);
    if (state.driver === 'docker') await docker.dockerStopServer(place, state, name, signal);
    else await embedded.embeddedStopServer(place.folder, name, signal);
  });
}

/** Starts one server under the address it had; resolves when it answers. */
export async function startServer(name: ServerName, options: StackOptions = {}): Promise<void> {
  const place = placeOf(options);
  const { onProgress = () => {} } = options;
  await underLock(place.folder, onProgress, async () => {
    const state = mustHaveState(place.folder);
    if (state.driver === 'docker') await docker.dockerStartServer(place, state, name);
    else await embedded.embeddedStartServer(place.folder, name, onProgress);
  });
}
