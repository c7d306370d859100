import { allTopics, strictTopics } from '../../schemas/topics.ts';
import { createKafka } from '../broker/kafka/client.ts';
import { createProduceGuard } from '../broker/kafka/produce-guard.ts';
import { createKafkaProducer } from '../broker/kafka/producer.ts';
import { openTransactionalProducer } from '../broker/kafka/transactional-producer.ts';
import { type Component, startAll } from '../kernel/component.ts';
import { metricsOfOutbox } from '../kernel/metrics.ts';
import { kafkaConnection } from '../kernel/server-connections.ts';
import { createRelay } from '../stages/relay/relay.ts';
import type { Database } from '../stores/postgres/database.ts';
import { createLeaseSessions } from '../stores/postgres/relay-leases.ts';
import { createOutboxSessions } from '../stores/postgres/relay-session.ts';
import { createOutboxUpkeep } from '../stores/postgres/relay-upkeep.ts';
import { installedTopics } from './installed-topics.ts';
import type { ProcessContext, Resources } from './resources.ts';

const hourMs = 3_600_000;

const compacted: ReadonlySet<string> = new Set(
  allTopics.filter(({ cleanup }) => cleanup !== 'delete').map(({ name }) => name),
);

export interface OutboxRelay {
  /** For logs, metrics and health. */
  readonly name: string;
  /** Unique among all relays of this outbox, past ones included. */
  readonly relay: string;
  readonly url: string;
  /** The same database, for upkeep; closed with the relay. */
  readonly database: Database;
}

/**
 * The relay of one outbox over a Kafka client of its own, whose sockets refuse to produce once its leases have run
 * out: the deadline is that of this outbox's leases, and says nothing about another's. Compacted topics go through
 * transactional producers besides: a late page would win there for good.
 */
export function outboxRelay(
  context: ProcessContext,
  { names }: Pick<Resources, 'names'>,
  { name, relay: id, url, database }: OutboxRelay,
): Component {
  const { config, clock } = context;
  const log = context.log.child({ outbox: name });
  const installed = new Set(installedTopics(config.FRESHET_SUBMIT_TOPICS).all.map((topic) => topic.name));
  const guard = createProduceGuard(clock);
  const kafka = createKafka({
    ...kafkaConnection(config),
    clientId: `freshet-relay-${context.instance}`,
    log,
    socketFactory: guard.socketFactory,
  });
  const producer = createKafkaProducer({ kafka, names, clock });
  const relay = createRelay({
    ...context,
    log,
    metrics: metricsOfOutbox(context.metrics, name),
    relay: id,
    outbox: createOutboxSessions(url),
    leases: createLeaseSessions(url),
    upkeep: createOutboxUpkeep(database, {
      url,
      retentionMs: config.FRESHET_OUTBOX_RETENTION_HOURS * hourMs,
      partitionRows: BigInt(config.FRESHET_OUTBOX_PARTITION_ROWS),
    }),
    producer,
    permit: guard,
    isExpected: (topic) => installed.has(topic),
    strictTopics,
    fenced: {
      isFenced: (topic) => compacted.has(topic),
      open: (outboxId, shard) => {
        const transactionalId = `${config.FRESHET_KAFKA_TOPIC_PREFIX}${outboxId}.${shard}`;
        return openTransactionalProducer({ kafka, names, clock, transactionalId });
      },
    },
    leaseMs: config.FRESHET_RELAY_LEASE_MS,
    pageRecords: config.FRESHET_RELAY_PAGE_RECORDS,
  });
  const connections: Component = {
    name: 'relay-connections',
    start: async () => ({
      async stop() {
        await producer.close();
        await database.close();
      },
    }),
  };
  return { name: relay.name, start: (fail) => startAll([connections, relay], log, (_, error) => fail(error)) };
}
