import type { KafkaVariables, PemFile, RegistryVariables } from './server-security.ts';

/** PEM texts for connections over TLS; what is absent is Node's own. */
export interface TlsIdentity {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export type SaslMechanism = NonNullable<KafkaVariables['FRESHET_KAFKA_SASL_MECHANISM']>;

/** How a Kafka cluster is reached; neither TLS nor a login where they are absent. */
export interface KafkaConnection {
  /** Bootstrap servers, comma separated. */
  readonly brokers: string;
  readonly tls?: TlsIdentity;
  readonly sasl?: Credentials & { readonly mechanism: SaslMechanism };
}

/** How a schema registry is reached. */
export interface RegistryConnection {
  /** Base of the Confluent-compatible API; a user and password in it become basic authentication. */
  readonly url: string;
  /** Instead of those in the URL. */
  readonly credentials?: Credentials;
  readonly tls?: TlsIdentity;
}

/** Takes variables that `kafkaProblems` has nothing against. */
export function kafkaConnection(config: KafkaVariables): KafkaConnection {
  const { FRESHET_KAFKA_SASL_USERNAME: username, FRESHET_KAFKA_SASL_PASSWORD: password } = config;
  const mechanism = config.FRESHET_KAFKA_SASL_MECHANISM;
  const isLogin = mechanism !== undefined && username !== undefined && password !== undefined;
  return {
    brokers: config.FRESHET_KAFKA_BROKERS,
    ...(config.FRESHET_KAFKA_TLS && {
      tls: identity(
        config.FRESHET_KAFKA_TLS_CA_FILE,
        config.FRESHET_KAFKA_TLS_CERT_FILE,
        config.FRESHET_KAFKA_TLS_KEY_FILE,
      ),
    }),
    ...(isLogin && { sasl: { mechanism, username, password } }),
  };
}

/** Takes variables that `registryProblems` has nothing against. */
export function registryConnection(config: RegistryVariables): RegistryConnection {
  const { FRESHET_REGISTRY_USERNAME: username, FRESHET_REGISTRY_PASSWORD: password } = config;
  return {
    url: config.FRESHET_REGISTRY_URL,
    ...(username !== undefined && password !== undefined && { credentials: { username, password } }),
    tls: identity(
      config.FRESHET_REGISTRY_TLS_CA_FILE,
      config.FRESHET_REGISTRY_TLS_CERT_FILE,
      config.FRESHET_REGISTRY_TLS_KEY_FILE,
    ),
  };
}

function identity(ca?: PemFile, cert?: PemFile, key?: PemFile): TlsIdentity {
  return { ...(ca && { ca: ca.pem }), ...(cert && { cert: cert.pem }), ...(key && { key: key.pem }) };
}
