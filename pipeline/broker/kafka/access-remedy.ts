import { tlsRemedy } from '../../kernel/tls-remedy.ts';

const variables = {
  address: 'FRESHET_KAFKA_BROKERS',
  ca: 'FRESHET_KAFKA_TLS_CA_FILE',
  cert: 'FRESHET_KAFKA_TLS_CERT_FILE and FRESHET_KAFKA_TLS_KEY_FILE',
};

const loginRefused =
  'the brokers do not take FRESHET_KAFKA_SASL_USERNAME with FRESHET_KAFKA_SASL_PASSWORD: set both to an account that they know';

/** Brokers hang up without a word on clients that speak no TLS or do not log in, and whenever they restart. */
const hungUp =
  'where it stays so, the brokers may want TLS (FRESHET_KAFKA_TLS) or a login (FRESHET_KAFKA_SASL_MECHANISM) on that port';

/** By the brokers' error. */
const loginRemedies: Readonly<Record<string, string>> = {
  SASL_AUTHENTICATION_FAILED: loginRefused,
  UNSUPPORTED_SASL_MECHANISM: 'set FRESHET_KAFKA_SASL_MECHANISM to one that the brokers offer',
  ILLEGAL_SASL_STATE:
    'the brokers take no login on that port: look at the port in FRESHET_KAFKA_BROKERS, or unset FRESHET_KAFKA_SASL_MECHANISM',
};

/** What an operator does about a login or a connection over TLS that is refused; undefined for all other errors. */
export function accessRemedy(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    const { type } = at as { type?: unknown };
    const remedy = typeof type === 'string' ? loginRemedies[type] : tlsRemedy(at, variables);
    if (at.name === 'KafkaJSSASLAuthenticationError') return remedy ?? loginRefused;
    if (at.name === 'KafkaJSConnectionClosedError') return hungUp;
    if (remedy !== undefined) return remedy;
  }
  return undefined;
}
