import { createKafkaAdmin } from '../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../pipeline/broker/kafka/client.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { topics } from '../../schemas/topics.ts';
import { migrateUp } from '../migrate/migrate.ts';
import { type ServerUrls, stackEnvironment } from '../stack/urls.ts';

export const topicPrefix = 'chaos.';
/** One that is published plainly and one that goes through transactions of its shard, because it is compacted. */
export const chaosTopics = [topics.interactionRecorded.name, topics.profileUpdated.name] as const;
export const partitions = 8;
/** Small, so that a page in flight can be told from what lies further behind. */
export const pageRecords = 100;

const log = createLogger('silent');

/** Environment of a relay's process. */
export function relayEnvironment(urls: ServerUrls): Record<string, string> {
  return {
    ...stackEnvironment(urls),
    FRESHET_KAFKA_TOPIC_PREFIX: topicPrefix,
    FRESHET_RELAY_PAGE_RECORDS: String(pageRecords),
    FRESHET_WORKER_METRICS_PORT: '0',
    FRESHET_LOG_LEVEL: 'info',
  };
}

/** Tables and topics. The broker stamps records itself, and compacts nothing while they are counted. */
export async function prepareArea({ postgresUrl, kafkaBrokers }: ServerUrls): Promise<void> {
  await migrateUp({ url: postgresUrl, log });
  const kafka = createKafka({ brokers: kafkaBrokers, clientId: 'freshet-chaos', log });
  const admin = createKafkaAdmin({ kafka, names: kafkaNames(topicPrefix) });
  const config = { 'message.timestamp.type': 'LogAppendTime', 'cleanup.policy': 'delete', 'retention.ms': '-1' };
  try {
    await admin.create(chaosTopics.map((name) => ({ name, partitions, config })));
  } finally {
    await admin.close();
  }
}
