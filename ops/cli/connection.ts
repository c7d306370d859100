import { type Config, configSpec, parseConfig } from '../../pipeline/kernel/config.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { KafkaConnection, RegistryConnection } from '../../pipeline/kernel/server-connections.ts';
import type { SubmitTopic } from '../../pipeline/kernel/submit-topics.ts';
import { type InstalledTopics, installedTopics } from '../../pipeline/main/installed-topics.ts';
import type { InstallationServers } from '../rebuild/installation.ts';
import { kafkaAccess, registryAccess } from '../stack/access.ts';
import { checkoutRoot, stackFolder } from '../stack/paths.ts';
import { readState } from '../stack/state.ts';
import { localUrls, type ServerUrls, stackEnvironment } from '../stack/urls.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const variables = {
  postgresUrl: 'FRESHET_POSTGRES_URL',
  kafkaBrokers: 'FRESHET_KAFKA_BROKERS',
  registryUrl: 'FRESHET_REGISTRY_URL',
  redisUrl: 'FRESHET_REDIS_URL',
} as const;

/**
 * Where a command finds a server: what was passed to it, else the environment, else this checkout's running stack.
 * Throws FreshetError `server_unknown` that names all three ways, `server_invalid` where the value cannot be one.
 */
export function serverOf(
  name: keyof typeof variables,
  given: string | undefined,
  { env = process.env, running = runningStack }: { env?: Environment; running?: () => ServerUrls | undefined } = {},
): string {
  const variable = variables[name];
  const { schema, meaning, example } = configSpec[variable];
  const value = given ?? env[variable] ?? running()?.[name];
  if (value === undefined) {
    const message = `no ${meaning}: set ${variable} (for example ${example}), pass it as an option, or start a local stack with \`npx freshet stack up\``;
    throw new FreshetError('server_unknown', message);
  }
  if (schema.safeParse(value).success) return value;
  throw new FreshetError('server_invalid', `${variable}: this is no ${meaning} (for example ${example})`);
}

/** A Kafka cluster found as `serverOf` does, reached as the environment says; throws ConfigError besides. */
export const kafkaOf = (given: string | undefined, env: Environment = process.env): KafkaConnection =>
  kafkaAccess(serverOf('kafkaBrokers', given, { env }), env);

/** A schema registry, likewise. */
export const registryOf = (given: string | undefined, env: Environment = process.env): RegistryConnection =>
  registryAccess(serverOf('registryUrl', given, { env }), env);

/** All that an operator's command on a whole installation needs. */
export function installationServers(): InstallationServers {
  return {
    postgresUrl: serverOf('postgresUrl', undefined),
    kafka: kafkaOf(undefined),
    redisUrl: serverOf('redisUrl', undefined),
    topicPrefix: topicPrefix(),
  };
}

/** The configuration that a process here would have: the environment's, servers of the running stack where it names none. */
export function installationConfig(env: Environment = process.env): Config {
  const running = runningStack();
  return parseConfig({ ...(running ? stackEnvironment(running) : {}), ...env });
}

/** The prefix of this installation's topics and groups. */
export function topicPrefix(env: Environment = process.env): string {
  return configSpec.FRESHET_KAFKA_TOPIC_PREFIX.schema.parse(env.FRESHET_KAFKA_TOPIC_PREFIX);
}

/** The topics of this installation: the catalogue's, and those that its configuration adds. */
export function configuredTopics(env: Environment = process.env): InstalledTopics {
  return installedTopics(configuredSubmitTopics(env));
}

/** The topics that services hand events in by. */
export function configuredSubmitTopics(env: Environment = process.env): readonly SubmitTopic[] {
  const result = configSpec.FRESHET_SUBMIT_TOPICS.schema.safeParse(env.FRESHET_SUBMIT_TOPICS);
  if (result.success) return result.data;
  throw new FreshetError('submit_topics_invalid', `FRESHET_SUBMIT_TOPICS: ${result.error.issues[0]?.message}`);
}

function runningStack(): ServerUrls | undefined {
  const state = readState(stackFolder(checkoutRoot()));
  return state && localUrls(state.ports);
}
