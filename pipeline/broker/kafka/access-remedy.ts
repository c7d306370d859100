import { tlsRemedy } from '../../kernel/tls-remedy.ts';

const variables = {
  address: 'FRESHET_KAFKA_BROKERS',
  ca: 'FRESHET_KAFKA_TLS_CA_FILE',
  cert: 'FRESHET_KAFKA_TLS_CERT_FILE and FRESHET_KAFKA_TLS_KEY_FILE',
};

/** What an operator does about a login or a connection over TLS that is refused; undefined for all other errors. */
export function accessRemedy(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    if (at.name === 'KafkaJSSASLAuthenticationError') return loginRemedy(at.message);
    const remedy = tlsRemedy(at, variables);
    if (remedy !== undefined) return remedy;
  }
  return undefined;
}

function loginRemedy(message: string): string {
  if (message.includes('not supported by the server'))
    return 'set FRESHET_KAFKA_SASL_MECHANISM to one that the brokers offer';
  return 'the brokers do not take FRESHET_KAFKA_SASL_USERNAME with FRESHET_KAFKA_SASL_PASSWORD: set both to an account that they know';
}
