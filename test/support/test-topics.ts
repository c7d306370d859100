import { Kafka, logLevel } from 'kafkajs';
import { applyTopics } from '../../ops/topics/apply.ts';
import { createKafkaAdmin } from '../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../pipeline/broker/kafka/client.ts';
import type { Config } from '../../pipeline/kernel/config.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import type { TopicDef } from '../../schemas/topic.ts';

/** Creates catalogue topics under the prefix of `config`. */
export async function createTestTopics(config: Config, topics: readonly TopicDef[]): Promise<void> {
  const kafka = createKafka({
    brokers: config.FRESHET_KAFKA_BROKERS,
    clientId: 'freshet-test',
    log: createLogger('error'),
  });
  const admin = createKafkaAdmin({ kafka, names: kafkaNames(config.FRESHET_KAFKA_TOPIC_PREFIX) });
  try {
    await applyTopics({ admin, topics, log: createLogger('error') });
  } finally {
    await admin.close();
  }
}

/** Deletes every topic whose name `isOurs` takes, and every consumer group that has no member left. */
export async function deleteTestTopics(brokers: string, isOurs: (name: string) => boolean): Promise<void> {
  const kafka = new Kafka({ clientId: 'freshet-test', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter(isOurs);
    if (topics.length > 0) await admin.deleteTopics({ topics, timeout: 30_000 });
    const groups = (await admin.listGroups()).groups.map(({ groupId }) => groupId).filter(isOurs);
    const { groups: described } = groups.length > 0 ? await admin.describeGroups(groups) : { groups: [] };
    const empty = described.filter(({ members }) => members.length === 0).map(({ groupId }) => groupId);
    if (empty.length > 0) await admin.deleteGroups(empty);
  } finally {
    await admin.disconnect();
  }
}
