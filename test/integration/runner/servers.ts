import { applySchemas } from '../../../ops/schemas/apply.ts';
import { checkoutRoot } from '../../../ops/stack/paths.ts';
import { createKafkaAdmin } from '../../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../../pipeline/broker/kafka/client.ts';
import { createKafkaConsumers } from '../../../pipeline/broker/kafka/consumer.ts';
import { createKafkaProducer } from '../../../pipeline/broker/kafka/producer.ts';
import { createCodec } from '../../../pipeline/broker/registry/codec.ts';
import { createHttpRegistry } from '../../../pipeline/broker/registry/http-registry.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../pipeline/kernel/metrics.ts';
import { openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { createPostgresProgress } from '../../../pipeline/stores/postgres/progress.ts';
import type { TopicDef } from '../../../schemas/topic.ts';
import { createWorkspace } from '../../support/workspace.ts';

const log = createLogger('fatal');

/** Everything a runner needs, real. */
export async function openServers(name: string, topics: readonly TopicDef[]) {
  const workspace = await createWorkspace({ name, topics });
  const { config } = workspace;
  await applySchemas({ registryUrl: config.FRESHET_REGISTRY_URL, root: checkoutRoot(), log });
  const database = openDatabase({ url: config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
  const kafka = createKafka({ brokers: config.FRESHET_KAFKA_BROKERS, clientId: name, log });
  const names = kafkaNames(config.FRESHET_KAFKA_TOPIC_PREFIX);
  const admin = createKafkaAdmin({ kafka, names });
  const producer = await createKafkaProducer({ kafka, names, clock: systemClock });
  const codec = createCodec({ registry: createHttpRegistry({ url: config.FRESHET_REGISTRY_URL }), clock: systemClock });
  const progress = createPostgresProgress(database);
  const consumersOf = (groupPrefix: string) => {
    const group = (logical: string) => names.group(`${groupPrefix}${logical}`);
    return createKafkaConsumers({ kafka, names: { ...names, group }, clock: systemClock, random: Math.random, log });
  };
  return {
    database,
    producer,
    admin,
    codec,
    progress,
    /** Members of another group: each believes that all partitions are its own. */
    consumersOf,
    /** What all runners share. */
    common: {
      consumers: consumersOf(''),
      offsets: admin,
      progress,
      clock: systemClock,
      random: Math.random,
      log,
      metrics: createMetrics(),
      autoOffsetReset: 'earliest',
      limits: { maxRecords: 200, maxBytes: 1_048_576 },
      dlqLimit: { ratio: 0.2, inARow: 100 },
    } as const,
    async close() {
      await producer.close();
      await admin.close();
      await database.close();
      await workspace.close();
    },
  };
}

export type Servers = Awaited<ReturnType<typeof openServers>>;
