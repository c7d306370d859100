import { applyTopics } from '../../ops/topics/apply.ts';
import { createKafkaAdmin } from '../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../pipeline/broker/kafka/client.ts';
import type { Config } from '../../pipeline/kernel/config.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { kafkaConnection } from '../../pipeline/kernel/server-connections.ts';
import type { CatalogueTopic } from '../../schemas/topic.ts';

/** Creates catalogue topics under the prefix of `config`. */
export async function createTestTopics(config: Config, topics: readonly CatalogueTopic[]): Promise<void> {
  const kafka = createKafka({ ...kafkaConnection(config), clientId: 'freshet-test', log: createLogger('error') });
  const admin = createKafkaAdmin({ kafka, names: kafkaNames(config.FRESHET_KAFKA_TOPIC_PREFIX) });
  try {
    await applyTopics({ admin, topics, log: createLogger('error') });
  } finally {
    await admin.close();
  }
}
