import { createKafkaAdmin } from '../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../pipeline/broker/kafka/client.ts';
import type { Config } from '../../pipeline/kernel/config.ts';
import type { Logger } from '../../pipeline/kernel/logger.ts';
import { kafkaConnection, registryConnection } from '../../pipeline/kernel/server-connections.ts';
import { migrateUp } from '../migrate/migrate.ts';
import { applySchemas } from '../schemas/apply.ts';
import { applyTopics } from '../topics/apply.ts';

/** Tables, schemas and topics: what `freshet migrate up`, `schemas apply` and `topics apply` do. Idempotent. */
export async function installInto(config: Config, { root, log }: { root: string; log: Logger }): Promise<void> {
  await migrateUp({ url: config.FRESHET_POSTGRES_URL, log, root });
  await applySchemas({ registryUrl: config.FRESHET_REGISTRY_URL, registry: registryConnection(config), root, log });
  const kafka = createKafka({ ...kafkaConnection(config), clientId: 'freshet-install', log });
  const admin = createKafkaAdmin({ kafka, names: kafkaNames(config.FRESHET_KAFKA_TOPIC_PREFIX) });
  try {
    await applyTopics({ admin, log });
  } finally {
    await admin.close();
  }
}
