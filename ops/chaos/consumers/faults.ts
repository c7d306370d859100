import { setTimeout as delay } from 'node:timers/promises';
import type { Resources } from '../../../pipeline/main/resources.ts';
import { topics } from '../../../schemas/topics.ts';
import type { ServerName } from '../../stack/server-name.ts';
import type { Fleet } from '../fleet.ts';
import type { Random } from '../random.ts';
import type { ChaosServers } from '../servers.ts';
import { stateVersion } from './area.ts';
import type { Load } from './load.ts';

export interface FaultContext {
  readonly servers: ChaosServers;
  readonly workers: Fleet;
  readonly load: Load;
  readonly database: Resources['database'];
  readonly random: Random;
  /** How long a stopped worker stands still. */
  readonly stopMs: number;
}

type Fault = (context: FaultContext) => Promise<void>;

const shareWithinMs = 90_000;

/** Every worker has a share of aggregation's partitions, and nobody else has any. */
export async function untilShared({ workers, database }: Pick<FaultContext, 'workers' | 'database'>): Promise<void> {
  const deadline = performance.now() + shareWithinMs;
  const owners = async () => {
    const text = `SELECT owner FROM consumer_offset WHERE stage = 'aggregation' AND state_version = $1`;
    return database.query<{ owner: string }>({ text, values: [stateVersion] });
  };
  for (;;) {
    const rows = await owners().catch(() => []);
    const counts = workers.members.map(({ mark }) => rows.filter(({ owner }) => owner.includes(mark)).length);
    const sum = counts.reduce((total, count) => total + count, 0);
    if (counts.every((count) => count > 0) && sum === topics.interactionEnriched.partitions) return;
    if (performance.now() > deadline) {
      throw new Error(`partitions held by the workers: ${counts.join(' + ')}\n${workers.lastWords()}`);
    }
    await delay(50);
  }
}

async function workerKilled({ workers, random }: FaultContext): Promise<void> {
  const worker = random.pick(workers.members);
  worker.send('SIGKILL');
  await worker.ended();
  workers.start();
}

async function allWorkersKilled({ workers, random }: FaultContext): Promise<void> {
  for (let again = random.between(1, 2); again > 0; again -= 1) {
    const count = workers.members.length;
    await workers.stopAll('SIGKILL');
    for (let n = 0; n < count; n += 1) workers.start();
    await delay(random.between(500, 4_000)); // the next death may come while they start
  }
}

/** Stands still in the middle of whatever it does until others have its partitions, and then goes on as if nothing was. */
async function workerStopped({ workers, random, stopMs }: FaultContext): Promise<void> {
  const worker = random.pick(workers.members);
  worker.send('SIGSTOP');
  await delay(stopMs);
  worker.send('SIGCONT');
}

async function workersComeAndGo({ workers, random }: FaultContext): Promise<void> {
  for (let again = random.between(2, 4); again > 0; again -= 1) {
    workers.start();
    await delay(random.between(1_500, 5_000));
    const leaver = random.pick(workers.members);
    leaver.send('SIGTERM');
    await Promise.all([leaver.ended(), delay(random.between(0, 1_500))]);
  }
}

const serverAway =
  (server: ServerName, signal: NodeJS.Signals): Fault =>
  async ({ servers, random }) => {
    await servers.stop(server, signal);
    await delay(random.between(0, 3_000));
    await servers.start(server);
  };

/** It hangs: connections stay, nothing is answered. */
const serverHung =
  (server: ServerName, mostMs: number): Fault =>
  async ({ servers, random }) => {
    const thaw = servers.freeze(server);
    await delay(random.between(mostMs / 3, mostMs));
    thaw();
  };

/** A worker starts meanwhile: it needs the registry before anything else. */
async function registryAway(context: FaultContext): Promise<void> {
  const { servers, random } = context;
  await servers.stop('registry', random.pick(['SIGTERM', 'SIGKILL'] as const));
  await workerKilled(context);
  await delay(random.between(1_000, 5_000));
  await servers.start('registry');
}

/** Connections go in the middle of transactions, those of the workers and all others. */
async function connectionsCut({ database, random }: FaultContext): Promise<void> {
  for (let again = random.between(10, 25); again > 0; again -= 1) {
    const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND (xact_start IS NOT NULL OR random() < 0.1) AND random() < 0.7`;
    await database.query({ text }).catch(() => undefined); // by its own sword
    await delay(random.between(5, 300));
  }
}

async function publishedAgain({ load }: FaultContext): Promise<void> {
  await load.publishAgain(topics.interactionEnriched.name, 3_000);
  await load.publishAgain(topics.impressionRecorded.name, 300);
  await load.publishAgain(topics.interactionRecorded.name, 1_000);
}

export const faults = {
  'worker killed': workerKilled,
  'worker stopped': workerStopped,
  'all workers killed': allWorkersKilled,
  'workers come and go': workersComeAndGo,
  'kafka restarted': serverAway('kafka', 'SIGTERM'),
  'kafka killed': serverAway('kafka', 'SIGKILL'),
  'kafka hung': serverHung('kafka', 12_000),
  'postgres restarted': serverAway('postgres', 'SIGTERM'),
  'postgres killed': serverAway('postgres', 'SIGKILL'),
  'postgres hung': serverHung('postgres', 12_000),
  'registry away': registryAway,
  'redis killed': serverAway('redis', 'SIGKILL'),
  'redis hung': serverHung('redis', 8_000),
  'connections cut': connectionsCut,
  'published again': publishedAgain,
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];
