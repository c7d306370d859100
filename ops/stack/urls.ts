import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { KafkaConnection, RegistryConnection } from '../../pipeline/kernel/server-connections.ts';
import { kafkaAccess, registryAccess } from './access.ts';

/** Where the four servers answer. */
export interface ServerUrls {
  readonly postgresUrl: string;
  /** Bootstrap servers, comma separated. */
  readonly kafkaBrokers: string;
  /** Base of the Confluent-compatible API. */
  readonly registryUrl: string;
  readonly redisUrl: string;
  /** What the environment says besides the addresses of the servers that it names: TLS and logins. */
  readonly access?: { readonly kafka: KafkaConnection; readonly registry: RegistryConnection };
}

export type DriverName = 'environment' | 'docker' | 'embedded';

/** A stack that is up, and who runs it. */
export interface StackUrls extends ServerUrls {
  readonly driver: DriverName;
}

type Environment = Readonly<Record<string, string | undefined>>;

const variables = {
  postgresUrl: 'FRESHET_POSTGRES_URL',
  kafkaBrokers: 'FRESHET_KAFKA_BROKERS',
  registryUrl: 'FRESHET_REGISTRY_URL',
  redisUrl: 'FRESHET_REDIS_URL',
} as const;

/** The stack as a process's configuration. */
export function stackEnvironment(urls: ServerUrls): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([key, name]) => [name, urls[key as keyof typeof variables]]),
  );
}

/** All four URLs, or undefined where none is set; some of them alone are an error, for a mixed stack helps nobody. */
export function urlsFromEnvironment(env: Environment): ServerUrls | undefined {
  const missing = Object.values(variables).filter((name) => !env[name]);
  if (missing.length === Object.keys(variables).length) return undefined;
  if (missing.length > 0) {
    throw new FreshetError(
      'stack_environment_incomplete',
      `some of the servers' URLs are set, but not ${missing.join(', ')}: set all four, or none to start a local stack`,
    );
  }
  const urls = Object.fromEntries(
    Object.entries(variables).map(([key, name]) => [key, env[name]]),
  ) as unknown as ServerUrls;
  const access = { kafka: kafkaAccess(urls.kafkaBrokers, env), registry: registryAccess(urls.registryUrl, env) };
  return { ...urls, access };
}

/** URLs of servers that listen on this machine. */
export function localUrls(ports: Readonly<Record<'postgres' | 'kafka' | 'registry' | 'redis', number>>): ServerUrls {
  return {
    postgresUrl: `postgres://freshet@127.0.0.1:${ports.postgres}/freshet`,
    kafkaBrokers: `127.0.0.1:${ports.kafka}`,
    registryUrl: `http://127.0.0.1:${ports.registry}/apis/ccompat/v7`,
    redisUrl: `redis://127.0.0.1:${ports.redis}/0`,
  };
}
