import type { ServerName } from './server-name.ts';
import {
  kafkaHeap,
  kafkaSettings,
  postgresInitdb,
  postgresSettings,
  postgresUser,
  redisArguments,
  registryEnvironment,
} from './settings.ts';

/** One server as a container: docker-compose.yml is generated from this, the tests' containers start from it. */
export interface ContainerSpec {
  readonly image: string;
  /** Port inside the container that clients outside use. */
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** Files of this folder, mounted in the container. */
  readonly files: Readonly<Record<string, string>>;
  /** Where its data lies; none where it keeps nothing. */
  readonly volume?: string;
  /** Run inside the container; ends with 0 when the server answers. */
  readonly healthCommand: readonly string[];
  readonly needs: readonly ServerName[];
}

/** How clients inside the containers' network reach Kafka; outside it is the published port. */
export const kafkaInside = 'kafka:19092';

const kafkaVariable = (property: string) => `KAFKA_${property.toUpperCase().replaceAll('.', '_')}`;

/** The image builds its server.properties from these; once one is set, it wants all. */
function kafkaEnvironment(outside: string): Record<string, string> {
  const properties = {
    'node.id': '1',
    'process.roles': 'broker,controller',
    'controller.quorum.voters': '1@localhost:9093',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INSIDE',
    listeners: 'OUTSIDE://:9092,INSIDE://:19092,CONTROLLER://:9093',
    'advertised.listeners': `OUTSIDE://${outside},INSIDE://${kafkaInside}`,
    'listener.security.protocol.map': 'OUTSIDE:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': '/var/lib/kafka/data',
    ...kafkaSettings,
  };
  const variables = Object.entries(properties).map(([name, value]) => [kafkaVariable(name), value]);
  return { ...Object.fromEntries(variables), KAFKA_HEAP_OPTS: kafkaHeap };
}

/** The four servers; `kafkaOutside` is the address that clients outside the containers' network connect to. */
export function containerSpecs({
  kafkaOutside,
}: {
  kafkaOutside: string;
}): Readonly<Record<ServerName, ContainerSpec>> {
  return {
    postgres: {
      image: 'postgres:18',
      port: 5432,
      environment: {
        POSTGRES_USER: postgresUser,
        POSTGRES_HOST_AUTH_METHOD: 'trust',
        POSTGRES_INITDB_ARGS: postgresInitdb.join(' '),
      },
      command: ['postgres', ...Object.entries(postgresSettings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      files: { 'registry-database.sql': '/docker-entrypoint-initdb.d/registry-database.sql' },
      volume: '/var/lib/postgresql',
      healthCommand: ['pg_isready', '-h', '127.0.0.1', '-U', postgresUser],
      needs: [],
    },
    kafka: {
      image: 'apache/kafka:4.2.0',
      port: 9092,
      environment: kafkaEnvironment(kafkaOutside),
      command: [],
      files: {},
      volume: '/var/lib/kafka/data',
      // Kafka's own tools start a JVM: every two seconds that would be a third of a processor.
      healthCommand: ['bash', '-c', '</dev/tcp/localhost/19092'],
      needs: [],
    },
    registry: {
      image: 'apicurio/apicurio-registry:3.0.9',
      port: 8080,
      environment: registryEnvironment('postgres', 5432),
      command: [],
      files: {},
      healthCommand: ['curl', '-fsS', 'http://localhost:8080/apis/ccompat/v7/subjects'],
      needs: ['postgres'],
    },
    redis: {
      image: 'redis:7',
      port: 6379,
      environment: {},
      command: ['redis-server', ...redisArguments],
      files: {},
      healthCommand: ['redis-cli', 'ping'],
      needs: [],
    },
  };
}
