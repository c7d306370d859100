import { randomUUID } from 'node:crypto';
import { createKafka, kafkaNames } from '../../../pipeline/broker/kafka/client.ts';
import { createProduceGuard } from '../../../pipeline/broker/kafka/produce-guard.ts';
import { createKafkaProducer } from '../../../pipeline/broker/kafka/producer.ts';
import { openTransactionalProducer } from '../../../pipeline/broker/kafka/transactional-producer.ts';
import type { Producer } from '../../../pipeline/broker/producer.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import type { Config } from '../../../pipeline/kernel/config.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { createMetrics, type Metrics } from '../../../pipeline/kernel/metrics.ts';
import { createRelay } from '../../../pipeline/stages/relay/relay.ts';
import { openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { createLeaseSessions } from '../../../pipeline/stores/postgres/relay-leases.ts';
import { createOutboxSessions } from '../../../pipeline/stores/postgres/relay-session.ts';
import { createOutboxUpkeep } from '../../../pipeline/stores/postgres/relay-upkeep.ts';

export interface TestRelayOptions {
  readonly config: Config;
  /** Instead of Kafka's. */
  readonly producer?: Producer;
  readonly isFenced?: (topic: string) => boolean;
  readonly strictTopics?: ReadonlySet<string>;
  readonly pageRecords?: number;
  readonly partitionRows?: bigint;
  readonly partitionsAhead?: bigint;
  /** Sends what the relay has read; by default at once. */
  readonly gate?: (send: () => Promise<void>) => Promise<void>;
  readonly queryTimeoutMs?: number;
  /** False lets requests be written whatever the lease says. */
  readonly guarded?: boolean;
}

export interface TestRelay {
  readonly name: string;
  readonly metrics: Metrics;
  /** What made it report that it cannot go on. */
  readonly failures: unknown[];
  unready(): string | undefined;
  stop(): Promise<void>;
}

/** A relay as the composition root builds it. */
export async function startTestRelay(options: TestRelayOptions): Promise<TestRelay> {
  const {
    config,
    isFenced = () => false,
    strictTopics = new Set(),
    pageRecords = config.FRESHET_RELAY_PAGE_RECORDS,
    gate = (send) => send(),
    guarded = true,
  } = options;
  const name = randomUUID();
  const url = config.FRESHET_POSTGRES_URL;
  const prefix = config.FRESHET_KAFKA_TOPIC_PREFIX;
  const log = createLogger('silent');
  const metrics = createMetrics();
  const failures: unknown[] = [];
  const { queryTimeoutMs } = options;
  const database = openDatabase({
    url,
    maxConnections: 2,
    onIdleError: () => undefined,
    ...(queryTimeoutMs === undefined ? {} : { queryTimeoutMs }),
  });
  const guard = createProduceGuard(systemClock);
  const brokers = config.FRESHET_KAFKA_BROKERS;
  const kafka = createKafka({ brokers, clientId: 'freshet-relay', log, socketFactory: guard.socketFactory });
  const names = kafkaNames(prefix);
  const gated = (behind: Producer): Producer => ({
    send: (batch) => gate(() => behind.send(batch)),
    close: () => behind.close(),
  });
  const producer = options.producer ?? gated(createKafkaProducer({ kafka, names, clock: systemClock }));
  if (!guarded) guard.allowUntil(Number.POSITIVE_INFINITY);
  const relay = createRelay({
    relay: name,
    outbox: createOutboxSessions(url, options),
    leases: createLeaseSessions(url),
    upkeep: createOutboxUpkeep(database, {
      url,
      retentionMs: 86_400_000,
      partitionRows: options.partitionRows ?? 20_000_000n,
      partitionsAhead: options.partitionsAhead ?? 2n,
    }),
    producer,
    fenced: {
      isFenced,
      open: async (outboxId, shard) => {
        const transactionalId = `${prefix}${outboxId}.${shard}`;
        return gated(await openTransactionalProducer({ kafka, names, clock: systemClock, transactionalId }));
      },
    },
    ...(guarded && { permit: guard }),
    strictTopics,
    leaseMs: config.FRESHET_RELAY_LEASE_MS,
    pageRecords,
    clock: systemClock,
    random: Math.random,
    log,
    metrics,
  });
  const running = await relay.start((error) => failures.push(error));
  return {
    name,
    metrics,
    failures,
    unready: () => running.unready?.(),
    async stop() {
      await running.stop();
      await producer.close();
      await database.close();
    },
  };
}
