import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';
import type { ConsumerFactory } from '../../pipeline/broker/consumer.ts';
import { createKafkaAdmin } from '../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../pipeline/broker/kafka/client.ts';
import { createKafkaConsumers } from '../../pipeline/broker/kafka/consumer.ts';
import { createKafkaProducer } from '../../pipeline/broker/kafka/producer.ts';
import { createMemoryBroker } from '../../pipeline/broker/memory/broker.ts';
import type { Producer } from '../../pipeline/broker/producer.ts';
import { partitionOf } from '../../pipeline/domain/murmur2.ts';
import { type Clock, systemClock } from '../../pipeline/kernel/clock.ts';
import { settlesWithin } from '../../pipeline/kernel/deadline.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import type { SetAside } from '../../pipeline/kernel/runner/ports.ts';
import { createMemoryProgress } from '../../pipeline/stores/memory/progress.ts';
import { createMemoryTransactions, type MemoryTx } from '../../pipeline/stores/memory/transactions.ts';
import { openDatabase, type Tx } from '../../pipeline/stores/postgres/database.ts';
import { createPostgresProgress } from '../../pipeline/stores/postgres/progress.ts';
import type { Progress } from '../../pipeline/stores/progress.ts';
import type { Transactions } from '../../pipeline/stores/transaction.ts';
import { eventually } from './eventually.ts';
import { hastyClock } from './runner-harness.ts';
import { createWorkspace } from './workspace.ts';

/** State of a stateful stage that counts: an effect and a dead letter each belong to their transaction. */
export interface CountingState<T> {
  /** Counts the number once more for the stage. */
  count(tx: T, stage: string, n: number): Promise<void>;
  /** How often each number was counted, numbers ascending. */
  counted(stage: string): Promise<[n: number, times: number][]>;
  setAside(tx: T, letters: readonly SetAside[]): Promise<void>;
  /** Partition, offset and reason of what was set aside, ascending. */
  letters(stage: string): Promise<[partition: number, offset: number, reason: string][]>;
}

/** What a runner needs, of one kind; `T` is the store's transaction. */
export interface RunnerRig<T = unknown> {
  readonly producer: Producer;
  readonly consumers: ConsumerFactory;
  readonly admin: BrokerAdmin;
  readonly progress: Progress<T>;
  readonly transactions: Transactions<T>;
  readonly state: CountingState<T>;
  readonly clock: Clock;
  /** Uses up offsets of a partition without a visible record. */
  gap(topic: string, partition: number): Promise<void>;
  /** Deletes what lies before an offset. */
  truncate(topic: string, partition: number, low: bigint): Promise<void>;
  /** Members of a group, as the broker knows them. */
  membersOf(groupId: string): Promise<number>;
  /** Resolves when the broker has thrown out a member that said nothing for a session timeout. */
  untilSilentMemberIsOut(): Promise<void>;
  close(): Promise<void>;
}

const byOffset = ([a, x]: [number, number, string], [b, y]: [number, number, string]) => a - b || x - y;

function memoryState(): CountingState<MemoryTx> {
  const counts = new Map<string, Map<number, number>>();
  const aside: SetAside[] = [];
  return {
    async count(tx, stage, n) {
      const known = counts.get(stage) ?? new Map<number, number>();
      counts.set(stage, known.set(n, (known.get(n) ?? 0) + 1));
      tx.onUndo(() => known.set(n, (known.get(n) ?? 0) - 1));
    },
    counted: async (stage) =>
      [...(counts.get(stage) ?? [])].filter(([, times]) => times !== 0).sort(([a], [b]) => a - b),
    async setAside(tx, letters) {
      aside.push(...letters);
      tx.onUndo(() => aside.splice(aside.length - letters.length));
    },
    letters: async (stage) =>
      aside
        .filter((letter) => letter.stage === stage)
        .map(({ partition, offset, reason }): [number, number, string] => [partition, Number(offset), reason])
        .sort(byOffset),
  };
}

export async function openMemoryRig(): Promise<RunnerRig<MemoryTx>> {
  const broker = createMemoryBroker({ clock: systemClock, partitionOf, fetchRecords: 100 });
  return {
    ...broker,
    progress: createMemoryProgress(),
    transactions: createMemoryTransactions(),
    state: memoryState(),
    clock: hastyClock,
    gap: async (topic, partition) => broker.logOf(topic, partition).skip(2),
    truncate: async (topic, partition, low) => broker.logOf(topic, partition).truncate(low),
    membersOf: async (groupId) => broker.membersOf(groupId),
    untilSilentMemberIsOut: async () => undefined, // members of the memory broker have no timeout
    close: async () => undefined,
  };
}

function postgresState(database: ReturnType<typeof openDatabase>): CountingState<Tx> {
  return {
    async count(tx, stage, n) {
      await tx.query({ text: 'INSERT INTO counted (stage, n) VALUES ($1, $2)', values: [stage, n] });
    },
    async counted(stage) {
      const text = 'SELECT n, count(*)::int AS times FROM counted WHERE stage = $1 GROUP BY n ORDER BY n';
      const rows = await database.query<{ n: number; times: number }>({ text, values: [stage] });
      return rows.map(({ n, times }) => [n, times]);
    },
    async setAside(tx, letters) {
      const text = 'INSERT INTO aside (stage, partition, "offset", reason) VALUES ($1, $2, $3, $4)';
      for (const { stage, partition, offset, reason } of letters) {
        await tx.query({ text, values: [stage, partition, offset, reason] });
      }
    },
    async letters(stage) {
      const text = 'SELECT partition, "offset"::int AS at, reason FROM aside WHERE stage = $1 ORDER BY 1, 2';
      const rows = await database.query<{ partition: number; at: number; reason: string }>({ text, values: [stage] });
      return rows.map(({ partition, at, reason }) => [partition, at, reason]);
    },
  };
}

/** Half of a production member's: what is proved does not depend on it, and waiting for it takes less time. */
const sessionTimeoutMs = 3_000;

export async function openRealRig(): Promise<RunnerRig<Tx>> {
  const workspace = await createWorkspace({ name: 'runner' });
  const {
    FRESHET_KAFKA_BROKERS: brokers,
    FRESHET_KAFKA_TOPIC_PREFIX: prefix,
    FRESHET_POSTGRES_URL: url,
  } = workspace.config;
  const log = createLogger('fatal');
  const kafka = createKafka({ brokers, clientId: 'runner-contract', log });
  const names = kafkaNames(prefix);
  const admin = createKafkaAdmin({ kafka, names });
  const producer = createKafkaProducer({ kafka, names, clock: systemClock });
  const database = openDatabase({ url, onIdleError: () => undefined });
  // Offsets of a version that is not worked on cannot be claimed.
  await database.query({ text: `INSERT INTO state_version (version, settings) VALUES (3, '{}'), (4, '{}')` });
  await database.query({ text: 'CREATE TABLE counted (stage text, n integer)' });
  await database.query({ text: 'CREATE TABLE aside (stage text, partition integer, "offset" bigint, reason text)' });
  const driver = kafka.admin();
  await driver.connect();
  const membersOf = async (groupId: string) =>
    (await driver.describeGroups([names.group(groupId)])).groups[0]?.members.length ?? 0;
  return {
    producer,
    admin,
    consumers: createKafkaConsumers({ kafka, names, clock: systemClock, random: Math.random, log, sessionTimeoutMs }),
    progress: createPostgresProgress(database),
    transactions: database,
    state: postgresState(database),
    clock: systemClock,
    async gap(topic, partition) {
      // A record that is never committed and the marker of its end.
      const transactional = kafka.producer({ transactionalId: names.topic(topic), maxInFlightRequests: 1 });
      await transactional.connect();
      const transaction = await transactional.transaction();
      await transaction.send({ topic: names.topic(topic), messages: [{ partition, value: 'never' }] });
      await transaction.abort();
      await transactional.disconnect();
    },
    async truncate(topic, partition, low) {
      await driver.fetchTopicOffsets(names.topic(topic)); // loads the metadata that deleting needs
      const partitions = [{ partition, offset: low.toString() }];
      await driver.deleteTopicRecords({ topic: names.topic(topic), partitions });
    },
    membersOf,
    untilSilentMemberIsOut: () => untilSilentMemberIsOut({ brokers, groupId: names.group('silent'), membersOf }),
    async close() {
      await driver.disconnect();
      await Promise.all([producer.close(), admin.close(), database.close()]);
      await workspace.close();
    },
  };
}

interface SilentMember {
  readonly brokers: string;
  readonly groupId: string;
  membersOf(groupId: string): Promise<number>;
}

/** A member that joins and whose network then breaks without a word; the broker's own clock tells when it is out. */
async function untilSilentMemberIsOut({ brokers, groupId, membersOf }: SilentMember): Promise<void> {
  const logical = 'silent';
  const sockets = new Set<Socket>();
  let isCut = false;
  const kafka = new Kafka({
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
    socketFactory: ({ host, port, onConnect }) => {
      const socket = connect({ host, port: isCut ? 1 : port }, onConnect);
      sockets.add(socket);
      return socket;
    },
  });
  const topic = `${groupId}-${randomBytes(3).toString('hex')}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await admin.disconnect();
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: 1_000,
    retry: { restartOnFailure: async () => false },
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic] });
  await consumer.run({ eachMessage: async () => undefined });
  await eventually(async () => {
    if ((await membersOf(logical)) !== 1) throw new Error('the silent member has not joined');
  });
  isCut = true;
  for (const socket of sockets) socket.destroy(new Error('read ECONNRESET'));
  await eventually(
    async () => {
      if ((await membersOf(logical)) !== 0) throw new Error('the silent member is still in');
    },
    { withinMs: 20_000, everyMs: 100 },
  );
  await settlesWithin(
    systemClock,
    1_000,
    consumer.disconnect().catch(() => undefined),
  ); // nobody is there to answer
}
