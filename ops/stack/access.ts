import { configSpec } from '../../pipeline/kernel/config.ts';
import {
  type KafkaConnection,
  kafkaConnection,
  type RegistryConnection,
  registryConnection,
} from '../../pipeline/kernel/server-connections.ts';
import {
  kafkaProblems,
  kafkaSecuritySpec,
  registryProblems,
  registrySecuritySpec,
} from '../../pipeline/kernel/server-security.ts';
import { parsePart } from '../../pipeline/kernel/variables.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How a cluster at these addresses is reached, by the environment's variables; throws ConfigError. */
export function kafkaAccess(brokers: string, env: Environment): KafkaConnection {
  const spec = { FRESHET_KAFKA_BROKERS: configSpec.FRESHET_KAFKA_BROKERS, ...kafkaSecuritySpec };
  return kafkaConnection(parsePart(spec, { ...env, FRESHET_KAFKA_BROKERS: brokers }, kafkaProblems));
}

/** How a registry at this URL is reached, likewise. */
export function registryAccess(url: string, env: Environment): RegistryConnection {
  const spec = { FRESHET_REGISTRY_URL: configSpec.FRESHET_REGISTRY_URL, ...registrySecuritySpec };
  return registryConnection(parsePart(spec, { ...env, FRESHET_REGISTRY_URL: url }, registryProblems));
}
