import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';
import type { Codec } from '../../pipeline/broker/codec.ts';
import { createKafkaAdmin } from '../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../pipeline/broker/kafka/client.ts';
import { openCluster } from '../../pipeline/broker/kafka/cluster.ts';
import { createCodec } from '../../pipeline/broker/registry/codec.ts';
import { createHttpRegistry } from '../../pipeline/broker/registry/http-registry.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import type { Config } from '../../pipeline/kernel/config.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { outboxNameOf } from '../../pipeline/kernel/outbox-urls.ts';
import { kafkaConnection, registryConnection } from '../../pipeline/kernel/server-connections.ts';
import { type Database, openDatabase } from '../../pipeline/stores/postgres/database.ts';
import { openRedis } from '../../pipeline/stores/redis/open-redis.ts';
import type { SearchPorts } from '../topics/search-topic.ts';

/** Statements that take longer are given up: a question must not weigh on the servers it is about. */
const queryTimeoutMs = 4_000;

export interface TraceServers {
  readonly database: Database;
  /** Ours first, then those of services. */
  readonly outboxes: readonly { readonly name: string; readonly database: Database }[];
  readonly admin: BrokerAdmin;
  readonly search: SearchPorts;
  readonly codec: Codec;
  /** Null where there is no such key. */
  readRedis(key: string): Promise<Buffer | null>;
  close(): Promise<void>;
}

/** Connects when first used; whoever opens it closes it. */
export function openTraceServers(config: Config): TraceServers {
  const log = createLogger('fatal');
  const open = (url: string) => openDatabase({ url, maxConnections: 4, queryTimeoutMs, onIdleError: () => undefined });
  const database = open(config.FRESHET_POSTGRES_URL);
  const services = config.FRESHET_OUTBOX_URLS.map((url) => ({ name: outboxNameOf(url), database: open(url) }));
  const kafka = createKafka({ ...kafkaConnection(config), clientId: 'freshet-trace', log });
  const names = kafkaNames(config.FRESHET_KAFKA_TOPIC_PREFIX);
  const admin = createKafkaAdmin({ kafka, names });
  const cluster = openCluster(kafka);
  let redis: ReturnType<typeof openRedis> | undefined;
  return {
    database,
    outboxes: [{ name: 'main', database }, ...services],
    admin,
    search: { admin, cluster, physical: names.topic },
    codec: createCodec({ registry: createHttpRegistry(registryConnection(config)), clock: systemClock }),
    async readRedis(key) {
      redis ??= openRedis({ url: config.FRESHET_REDIS_URL, name: 'freshet-trace', log });
      const connection = redis;
      if (connection.status !== 'ready') await connected(connection);
      return connection.getBuffer(key);
    },
    async close() {
      redis?.disconnect();
      await Promise.allSettled([admin.close(), cluster.close()]);
      await Promise.allSettled([database, ...services.map((one) => one.database)].map((one) => one.close()));
    },
  };
}

/** The connection queues nothing while it is away, so the first question waits for it here. */
function connected(redis: ReturnType<typeof openRedis>): Promise<void> {
  return new Promise((resolve, reject) => {
    redis.once('ready', resolve);
    redis.once('error', reject);
  });
}
