import type { BrokerAdmin } from '../broker/admin.ts';
import type { Codec } from '../broker/codec.ts';
import type { ConsumerFactory } from '../broker/consumer.ts';
import { createKafkaAdmin } from '../broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../broker/kafka/client.ts';
import { createKafkaConsumers } from '../broker/kafka/consumer.ts';
import { createKafkaProducer } from '../broker/kafka/producer.ts';
import type { Producer } from '../broker/producer.ts';
import { createCodec } from '../broker/registry/codec.ts';
import { createHttpRegistry } from '../broker/registry/http-registry.ts';
import type { RegistryClient } from '../broker/registry/registry-client.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Config } from '../kernel/config.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Metrics } from '../kernel/metrics.ts';
import type { RunnerStatus } from '../kernel/runner/options.ts';
import { kafkaConnection, registryConnection } from '../kernel/server-connections.ts';
import { type Database, openDatabase } from '../stores/postgres/database.ts';
import { createOutboxSignal, type OutboxSignal } from '../stores/postgres/outbox-signal.ts';
import { openRedis } from '../stores/redis/open-redis.ts';

/** What every part of a process shares and nothing opens twice. */
export interface ProcessContext {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: () => number;
  /** Unique among all processes, past ones included. */
  readonly instance: string;
  /** Of the product, for dead letters. */
  readonly appVersion: string;
  /** Told of each stage that runs, for health and displays, and when it has stopped. */
  readonly onStage: (name: string, status: (() => RunnerStatus) | undefined) => void;
}

/** Connections of a process. Drivers connect when first used, so opening needs no server. */
export interface Resources {
  readonly database: Database;
  readonly kafka: ReturnType<typeof createKafka>;
  readonly names: ReturnType<typeof kafkaNames>;
  readonly admin: BrokerAdmin;
  readonly consumers: ConsumerFactory;
  readonly producer: Producer;
  readonly registry: RegistryClient;
  readonly codec: Codec;
  readonly signal: OutboxSignal;
  /** For writers; serving has connections of its own. */
  readonly redis: ReturnType<typeof openRedis>;
  close(): Promise<void>;
}

/** Transactions of 8 partitions, the doors' group commits and readers side by side. */
const databaseConnections = 24;

export async function openResources(context: Omit<ProcessContext, 'onStage'>): Promise<Resources> {
  const { config, log, clock, random } = context;
  const database = openDatabase({
    url: config.FRESHET_POSTGRES_URL,
    maxConnections: databaseConnections,
    onIdleError: (error) => log.warn({ error: messageOf(error) }, 'idle Postgres connection broke, replacing it'),
  });
  const kafka = createKafka({ ...kafkaConnection(config), clientId: `freshet-${context.instance}`, log });
  const names = kafkaNames(config.FRESHET_KAFKA_TOPIC_PREFIX);
  const admin = createKafkaAdmin({ kafka, names });
  const producer = createKafkaProducer({ kafka, names, clock });
  const signal = createOutboxSignal({ url: config.FRESHET_POSTGRES_URL, log });
  const registry = createHttpRegistry(registryConnection(config));
  const redis = openRedis({ url: config.FRESHET_REDIS_URL, name: 'freshet-writer', log });
  return {
    database,
    kafka,
    names,
    admin,
    producer,
    signal,
    redis,
    consumers: createKafkaConsumers({ kafka, names, clock, random, log }),
    registry,
    codec: createCodec({ registry, clock }),
    async close() {
      redis.disconnect();
      const closed = await Promise.allSettled([signal, producer, admin, database].map((one) => one.close()));
      for (const one of closed) if (one.status === 'rejected') throw one.reason;
    },
  };
}
