/**
 * Settings that the servers get wherever they run: in the embedded stack, in docker-compose.yml and in the
 * containers of the tests. Sized for one laptop; production clusters bring their own.
 */
export const kafkaSettings = {
  'auto.create.topics.enable': 'false',
  'group.initial.rebalance.delay.ms': '0',
  // Lets tests see a dead consumer's partitions move within seconds.
  'group.min.session.timeout.ms': '1000',
  'offsets.topic.num.partitions': '8',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  // The default of 128 MiB is a quarter of the heap we give.
  'log.cleaner.dedupe.buffer.size': '16777216',
  'file.delete.delay.ms': '1000',
} as const;

export const kafkaHeap = '-Xms256m -Xmx512m';

export const postgresSettings = {
  max_connections: '400',
  max_prepared_transactions: '64',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  fsync: 'on',
} as const;

/** One collation everywhere: the order of text must not depend on the machine. */
export const postgresInitdb = [
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--locale=C',
  '--builtin-locale=C.UTF-8',
] as const;

/** Redis holds projections only, so nothing is saved; each test file takes a numbered database of its own. */
export const redisArguments = [
  '--databases',
  '1024',
  '--save',
  '',
  '--appendonly',
  'no',
  '--maxmemory-policy',
  'noeviction',
] as const;

export const postgresUser = 'freshet';
export const registryDatabase = 'registry';

/** Schema ids live in outbox rows and Kafka records, so the registry keeps them in Postgres. */
export function registryEnvironment(postgresHost: string, postgresPort: number): Record<string, string> {
  return {
    APICURIO_STORAGE_KIND: 'sql',
    APICURIO_STORAGE_SQL_KIND: 'postgresql',
    APICURIO_DATASOURCE_URL: `jdbc:postgresql://${postgresHost}:${postgresPort}/${registryDatabase}`,
    APICURIO_DATASOURCE_USERNAME: postgresUser,
    APICURIO_DATASOURCE_PASSWORD: postgresUser,
  };
}
