import type { Redis } from 'ioredis';
import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';
import { createKafkaAdmin } from '../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../pipeline/broker/kafka/client.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import type { KafkaConnection } from '../../pipeline/kernel/server-connections.ts';
import { type Database, openDatabase } from '../../pipeline/stores/postgres/database.ts';
import { openRedis } from '../../pipeline/stores/redis/open-redis.ts';

export interface InstallationServers {
  readonly postgresUrl: string;
  readonly kafka: KafkaConnection;
  readonly redisUrl: string;
  readonly topicPrefix: string;
}

/** The servers of an installation, as an operator's command needs them. Drivers connect when first used. */
export interface Installation {
  readonly database: Database;
  readonly admin: BrokerAdmin;
  readonly redis: Redis;
}

export async function withInstallation<T>(
  { postgresUrl, kafka: connection, redisUrl, topicPrefix }: InstallationServers,
  work: (installation: Installation) => Promise<T>,
): Promise<T> {
  const log = createLogger('error');
  const database = openDatabase({ url: postgresUrl, maxConnections: 3, onIdleError: () => undefined });
  const kafka = createKafka({ ...connection, clientId: 'freshet-operator', log });
  const admin = createKafkaAdmin({ kafka, names: kafkaNames(topicPrefix) });
  const redis = openRedis({ url: redisUrl, name: 'freshet-operator', log });
  try {
    return await work({ database, admin, redis });
  } finally {
    redis.disconnect();
    await admin.close();
    await database.close();
  }
}
