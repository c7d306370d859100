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
  /** How long a stopped worker stands still, or a handler waits. */
  readonly stopMs: number;
  /** Poison for the faults of that name; ten times as many records in all. */
  readonly poison: number;
}

/** Answers what must not be, in words, beyond what every round is judged by. */
type Fault = (context: FaultContext) => Promise<readonly string[] | undefined>;

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

async function workerKilled({ workers, random }: FaultContext): Promise<undefined> {
  const worker = random.pick(workers.members);
  worker.send('SIGKILL');
  await worker.ended();
  workers.start();
  return undefined;
}

async function allWorkersKilled({ workers, random }: FaultContext): Promise<undefined> {
  for (let again = random.between(1, 2); again > 0; again -= 1) {
    const count = workers.members.length;
    await workers.stopAll('SIGKILL');
    for (let n = 0; n < count; n += 1) workers.start();
    await delay(random.between(500, 4_000)); // the next death may come while they start
  }
  return undefined;
}

/** Stands still in the middle of whatever it does until others have its partitions, and then goes on as if nothing was. */
async function workerStopped({ workers, random, stopMs }: FaultContext): Promise<undefined> {
  const worker = random.pick(workers.members);
  worker.send('SIGSTOP');
  await delay(stopMs);
  worker.send('SIGCONT');
  return undefined;
}

/** One dies, another stands still meanwhile, a third comes: what a bad night does to two workers. */
async function killedStoppedJoined({ workers, random, stopMs }: FaultContext): Promise<undefined> {
  const [killed, stopped] = random.shuffled(workers.members);
  killed?.send('SIGKILL');
  stopped?.send('SIGSTOP');
  await killed?.ended();
  workers.start();
  await delay(stopMs);
  stopped?.send('SIGCONT');
  return undefined;
}

async function workersComeAndGo({ workers, random }: FaultContext): Promise<undefined> {
  for (let again = random.between(2, 4); again > 0; again -= 1) {
    workers.start();
    await delay(random.between(1_500, 5_000));
    const leaver = random.pick(workers.members);
    leaver.send('SIGTERM');
    await Promise.all([leaver.ended(), delay(random.between(0, 1_500))]);
  }
  return undefined;
}

const serverAway =
  (server: ServerName, signal: NodeJS.Signals): Fault =>
  async ({ servers, random }) => {
    await servers.stop(server, signal);
    await delay(random.between(0, 3_000));
    await servers.start(server);
    return undefined;
  };

/** It hangs: connections stay, nothing is answered. */
const serverHung =
  (server: ServerName, mostMs: number): Fault =>
  async ({ servers, random }) => {
    const thaw = servers.freeze(server);
    await delay(random.between(mostMs / 3, mostMs));
    thaw();
    return undefined;
  };

/** A worker starts meanwhile: it needs the registry before anything else. */
async function registryAway(context: FaultContext): Promise<undefined> {
  const { servers, random } = context;
  await servers.stop('registry', random.pick(['SIGTERM', 'SIGKILL'] as const));
  await workerKilled(context);
  await delay(random.between(1_000, 5_000));
  await servers.start('registry');
  return undefined;
}

/** Connections go in the middle of transactions, those of the workers and all others. */
async function connectionsCut({ database, random }: FaultContext): Promise<undefined> {
  for (let again = random.between(10, 25); again > 0; again -= 1) {
    const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND (xact_start IS NOT NULL OR random() < 0.1) AND random() < 0.7`;
    await database.query({ text }).catch(() => undefined); // by its own sword
    await delay(random.between(5, 300));
  }
  return undefined;
}

async function publishedAgain({ load }: FaultContext): Promise<undefined> {
  await load.publishAgain(topics.interactionEnriched.name, 3_000);
  await load.publishAgain(topics.impressionRecorded.name, 300);
  await load.publishAgain(topics.interactionRecorded.name, 1_000);
  return undefined;
}

const quietMs = 6_000;

/** A worker that has just come joins its groups one after the other: waits until no group was formed anew for a while. */
async function untilJoined({ workers }: Pick<FaultContext, 'workers'>): Promise<void> {
  const deadline = performance.now() + shareWithinMs;
  const assignments = () => workers.said('partitions assigned').length;
  for (
    let [before, since] = [assignments(), performance.now()];
    performance.now() - since < quietMs;
    await delay(100)
  ) {
    const now = assignments();
    if (now !== before) [before, since] = [now, performance.now()];
    if (performance.now() > deadline) throw new Error(`groups are formed anew again and again\n${workers.lastWords()}`);
  }
}

/** Whatever aggregation does waits for a lock all the while; its members must stay in their groups. */
async function handlerHeld({ workers, database, stopMs }: FaultContext): Promise<readonly string[]> {
  const assignments = () => workers.said('partitions assigned').length;
  await untilJoined({ workers });
  const before = assignments();
  await database.transaction(async (tx) => {
    await tx.query({ text: 'LOCK TABLE user_profile IN ACCESS EXCLUSIVE MODE' });
    await delay(stopMs);
  });
  const lost = assignments() - before;
  return lost === 0 ? [] : [`${lost} assignments while handlers waited for ${stopMs} ms: a membership was lost`];
}

/** A tenth of what comes cannot be handled. */
async function poisonAmong({ load, poison }: FaultContext): Promise<undefined> {
  await load.publishPoisoned(10 * poison, poison);
  return undefined;
}

const rowWithinMs = 120_000;

/** Nothing but poison, on every partition: the limit has to stop them before the topic is drained. */
async function poisonInARow({ load, poison, workers, database }: FaultContext): Promise<readonly string[]> {
  const letters = async () => {
    const text = `SELECT partition, count(*)::int AS count FROM dead_letter WHERE stage = 'aggregation' GROUP BY partition`;
    return new Map(
      (await database.query<{ partition: number; count: number }>({ text })).map((row) => [row.partition, row.count]),
    );
  };
  const before = await letters();
  await load.publishPoisoned(poison, poison);
  const deadline = performance.now() + rowWithinMs;
  const halted = () => workers.said('stage halted').filter((line) => line.includes('"stage":"aggregation"')).length;
  while (halted() < workers.members.length) {
    if (performance.now() > deadline)
      return [`aggregation is halted in ${halted()} of ${workers.members.length} workers`];
    await delay(100);
  }
  await delay(2_000); // what was on its way to the index
  const rows = [...(await letters())].map(([partition, count]) => [partition, count - (before.get(partition) ?? 0)]);
  const over = rows.filter(([, count]) => (count as number) > mostSetAside);
  return over.map(
    ([partition, count]) => `partition ${partition} set ${count} aside before it paused, more than ${mostSetAside}`,
  );
}

/** The limits of the workers: 100 in a row, or, with a good record now and then, one over a fifth of the last 1,000. */
const mostSetAside = 201;

export const faults = {
  'worker killed': workerKilled,
  'worker stopped': workerStopped,
  'all workers killed': allWorkersKilled,
  'workers come and go': workersComeAndGo,
  'one killed, one stopped, one new': killedStoppedJoined,
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
  'handler held': handlerHeld,
  poison: poisonAmong,
  'poison in a row': poisonInARow,
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];

/** Nothing flows afterwards until somebody decides, so that a run ends with it. */
export const isLast = (fault: FaultName): boolean => fault === 'poison in a row';
/** Dealt unless others are named: those that take minutes have to be asked for. */
export const dealtFaults: readonly FaultName[] = faultNames.filter((name) => !name.startsWith('poison'));
