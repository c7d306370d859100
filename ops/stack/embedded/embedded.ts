import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { claimPorts, isPortFree } from '../ports.ts';
import { isAlive } from '../process-identity.ts';
import type { OnProgress } from '../progress.ts';
import type { ServerName } from '../server-name.ts';
import { logFileOf, readState, type StackState, writeState } from '../state.ts';
import { localUrls, type ServerUrls } from '../urls.ts';
import { installServers } from './install.ts';
import { findJava } from './java.ts';
import { kafkaServer } from './kafka.ts';
import { postgresFolder, postgresServer } from './postgres.ts';
import { redisServer } from './redis.ts';
import { registryServer } from './registry.ts';
import type { EmbeddedContext, EmbeddedServer } from './server.ts';
import { start, stop } from './start.ts';

const servers: Readonly<Record<ServerName, EmbeddedServer>> = {
  postgres: postgresServer,
  kafka: kafkaServer,
  registry: registryServer,
  redis: redisServer,
};

async function newState(folder: string): Promise<StackState> {
  mkdirSync(folder, { recursive: true });
  const [postgres, kafka, registry, redis, kafkaController] = (await claimPorts(folder, 5)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const ports = { postgres, kafka, registry, redis, kafkaController };
  return { version: 1, id: randomBytes(8).toString('hex'), driver: 'embedded', ports, processes: {} };
}

async function contextOf(folder: string, onProgress: OnProgress): Promise<EmbeddedContext> {
  const java = await findJava();
  const binaries = await installServers(onProgress);
  const stored = readState(folder);
  const state = stored ?? (await newState(folder));
  state.driver = 'embedded';
  mkdirSync(dirname(logFileOf(folder, 'kafka')), { recursive: true });
  writeState(folder, state);
  return { folder, binaries, java, state };
}

async function becomesFree(port: number): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (await isPortFree(port)) return true;
    await delay(100);
  }
  return false;
}

const runs = (context: EmbeddedContext, name: ServerName): boolean => {
  const ref = context.state.processes[name];
  return ref !== undefined && isAlive(ref);
};

/**
 * Ports are kept over restarts, so that clients keep their URLs, unless another program has taken one
 * of a server that is down. The registry knows Postgres by its port and must then start anew.
 */
async function replaceTakenPorts(context: EmbeddedContext, onProgress: OnProgress): Promise<void> {
  const { folder, state } = context;
  const taken: (keyof StackState['ports'])[] = [];
  for (const [key, port] of Object.entries(state.ports) as [keyof StackState['ports'], number][]) {
    const owner = key === 'kafkaController' ? 'kafka' : key;
    if (!runs(context, owner) && !(await becomesFree(port))) taken.push(key);
  }
  if (taken.length === 0) return;
  const kept = Object.entries(state.ports).filter(([key]) => !taken.includes(key as keyof StackState['ports']));
  const fresh = await claimPorts(
    folder,
    taken.length,
    kept.map(([, port]) => port),
  );
  for (const [index, key] of taken.entries()) {
    const port = fresh[index] as number;
    onProgress({
      subject: key === 'kafkaController' ? 'kafka' : key,
      text: `port ${state.ports[key]} is taken, using ${port}`,
    });
    state.ports[key] = port;
  }
  writeState(folder, state);
  if (taken.includes('postgres')) await stop(context, registryServer);
}

async function startAll(context: EmbeddedContext, onProgress: OnProgress): Promise<void> {
  const started = new Map<ServerName, Promise<void>>();
  for (const server of Object.values(servers)) {
    const needs = server.needs.map((name) => started.get(name));
    started.set(
      server.name,
      Promise.all(needs).then(() => start(context, server, onProgress)),
    );
  }
  const results = await Promise.allSettled(started.values());
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

/** Starts what does not run or does not answer. The caller holds the stack's lock, here and below. */
export async function embeddedUp(folder: string, onProgress: OnProgress): Promise<ServerUrls> {
  const context = await contextOf(folder, onProgress);
  await replaceTakenPorts(context, onProgress);
  await startAll(context, onProgress);
  return localUrls(context.state.ports);
}

/** Context for ending processes: nothing is looked for or downloaded. */
function stopContext(folder: string, state: StackState): EmbeddedContext {
  return { folder, state, binaries: '', java: '' };
}

/** Ends what this checkout started; the data stays. */
export async function embeddedDown(folder: string, state: StackState): Promise<void> {
  const context = stopContext(folder, state);
  await stop(context, servers.registry); // before its Postgres
  await Promise.all([stop(context, servers.kafka), stop(context, servers.redis), stop(context, servers.postgres)]);
  writeState(folder, { ...state, processes: {} });
}

/** Removes state, logs and data of a stack that is down. */
export function embeddedPurge(folder: string, state: StackState): void {
  for (const path of [postgresFolder(folder, state.id), folder]) rmSync(path, { recursive: true, force: true });
}

export async function embeddedStopServer(folder: string, name: ServerName, signal?: NodeJS.Signals): Promise<void> {
  const state = readState(folder);
  if (!state) throw new FreshetError('stack_not_there', `there is no stack in ${folder}`);
  await stop(stopContext(folder, state), servers[name], signal);
}

export async function embeddedStartServer(folder: string, name: ServerName, onProgress: OnProgress): Promise<void> {
  const context = await contextOf(folder, onProgress);
  await start(context, servers[name], onProgress);
}

/** True where the process that the checkout started runs. */
export function embeddedRuns(folder: string, state: StackState, name: ServerName): boolean {
  return runs(stopContext(folder, state), name);
}
