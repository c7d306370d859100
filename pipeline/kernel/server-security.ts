import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { messageOf } from './errors.ts';
import type { ValuesOf } from './variables.ts';

/** A file in PEM that a variable names, read once when the configuration is. */
export interface PemFile {
  readonly path: string;
  readonly pem: string;
}

const reads: Readonly<Record<'certificate' | 'key', (pem: string) => unknown>> = {
  certificate: (pem) => new X509Certificate(pem),
  key: (pem) => createPrivateKey(pem),
};

const asks = {
  certificate: 'a certificate in PEM, which begins with -----BEGIN CERTIFICATE-----',
  key: 'a private key in PEM without a passphrase',
} as const;

function readPem(path: string, kind: 'certificate' | 'key'): PemFile | { readonly problem: string } {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    return { problem: `the file cannot be read: ${messageOf(error)}; name one that is there and readable` };
  }
  try {
    if (!pem.includes('-----BEGIN ')) throw new Error('there is no PEM block in it');
    reads[kind](pem);
    return { path, pem };
  } catch (error) {
    return { problem: `${path} does not hold ${asks[kind]}: ${messageOf(error, 120)}` };
  }
}

/** An empty variable counts as one that is not set. */
const text = z
  .string()
  .transform((value) => (value === '' ? undefined : value))
  .optional();

const pemFile = (kind: 'certificate' | 'key') =>
  text.transform((path, context): PemFile | undefined => {
    if (path === undefined) return undefined;
    const file = readPem(path, kind);
    if (!('problem' in file)) return file;
    context.addIssue({ code: 'custom', message: file.problem });
    return z.NEVER;
  });

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const kafkaSecuritySpec = {
  FRESHET_KAFKA_TLS: {
    schema: flag.default(false),
    meaning: 'Connect to Kafka over TLS',
    example: 'true',
  },
  FRESHET_KAFKA_TLS_CA_FILE: {
    schema: pemFile('certificate'),
    meaning: "Certificates of those who signed the brokers' certificates, PEM; without it those that Node trusts",
    example: '/etc/freshet/kafka-ca.pem',
  },
  FRESHET_KAFKA_TLS_CERT_FILE: {
    schema: pemFile('certificate'),
    meaning: 'Client certificate for Kafka, PEM, with its chain where it has one',
    example: '/etc/freshet/kafka-client.pem',
  },
  FRESHET_KAFKA_TLS_KEY_FILE: {
    schema: pemFile('key'),
    meaning: 'Key of the client certificate for Kafka, PEM without a passphrase',
    example: '/etc/freshet/kafka-client.key',
  },
  FRESHET_KAFKA_SASL_MECHANISM: {
    schema: text.pipe(z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional()),
    meaning: 'How to log in to Kafka: plain, scram-sha-256 or scram-sha-512; without it nobody logs in',
    example: 'scram-sha-512',
  },
  FRESHET_KAFKA_SASL_USERNAME: { schema: text, meaning: 'User of Kafka', example: 'freshet' },
  FRESHET_KAFKA_SASL_PASSWORD: { schema: text, meaning: "Password of Kafka's user", example: 'secret' },
} as const;

export const registrySecuritySpec = {
  FRESHET_REGISTRY_USERNAME: {
    schema: text,
    meaning: 'User of the schema registry (basic authentication); or in the URL, escaped',
    example: 'freshet',
  },
  FRESHET_REGISTRY_PASSWORD: {
    schema: text,
    meaning: "Password of the registry's user, as it is",
    example: 'secret',
  },
  FRESHET_REGISTRY_TLS_CA_FILE: {
    schema: pemFile('certificate'),
    meaning: "Certificates of those who signed the registry's certificate, PEM; without it those that Node trusts",
    example: '/etc/freshet/registry-ca.pem',
  },
  FRESHET_REGISTRY_TLS_CERT_FILE: {
    schema: pemFile('certificate'),
    meaning: 'Client certificate for the registry, PEM, with its chain where it has one',
    example: '/etc/freshet/registry-client.pem',
  },
  FRESHET_REGISTRY_TLS_KEY_FILE: {
    schema: pemFile('key'),
    meaning: 'Key of the client certificate for the registry, PEM without a passphrase',
    example: '/etc/freshet/registry-client.key',
  },
} as const;

export type KafkaVariables = ValuesOf<typeof kafkaSecuritySpec> & { readonly FRESHET_KAFKA_BROKERS: string };
export type RegistryVariables = ValuesOf<typeof registrySecuritySpec> & { readonly FRESHET_REGISTRY_URL: string };

interface Pair {
  readonly name: string;
  readonly value: unknown;
}

/** What the variables that belong together say against each other, one line each: variable, problem, remedy. */
export function securityProblems(given: KafkaVariables & RegistryVariables): string[] {
  return [...kafkaProblems(given), ...registryProblems(given)];
}

export function kafkaProblems(given: KafkaVariables): string[] {
  const mechanism = given.FRESHET_KAFKA_SASL_MECHANISM;
  const account = [named(given, 'FRESHET_KAFKA_SASL_USERNAME'), named(given, 'FRESHET_KAFKA_SASL_PASSWORD')];
  const files = tlsFiles(given, 'FRESHET_KAFKA');
  return [
    ...account.flatMap(({ name, value }) => {
      if (mechanism !== undefined && value === undefined)
        return [`${name}: is missing, though FRESHET_KAFKA_SASL_MECHANISM=${mechanism} logs in; set it, or unset that`];
      if (mechanism === undefined && value !== undefined)
        return [`${name}: is set, but nobody logs in; set FRESHET_KAFKA_SASL_MECHANISM (for example scram-sha-512)`];
      return [];
    }),
    ...(given.FRESHET_KAFKA_TLS ? [] : unused(files, 'FRESHET_KAFKA_TLS is not true; set FRESHET_KAFKA_TLS=true')),
    ...pairProblems(given, 'FRESHET_KAFKA'),
  ];
}

export function registryProblems(given: RegistryVariables): string[] {
  const { protocol, username } = new URL(given.FRESHET_REGISTRY_URL);
  const [user, password] = [named(given, 'FRESHET_REGISTRY_USERNAME'), named(given, 'FRESHET_REGISTRY_PASSWORD')];
  const twice = username !== '' && user.value !== undefined;
  return [
    ...halfOf(user, password),
    ...(twice ? [`${user.name}: FRESHET_REGISTRY_URL names a user too; take it out of the URL`] : []),
    ...(protocol === 'https:'
      ? []
      : unused(tlsFiles(given, 'FRESHET_REGISTRY'), 'FRESHET_REGISTRY_URL is no https:// URL; make it one')),
    ...pairProblems(given, 'FRESHET_REGISTRY'),
  ];
}

const named = (given: object, name: string): Pair => ({ name, value: (given as Record<string, unknown>)[name] });

const tlsFiles = (given: object, area: string): Pair[] =>
  ['TLS_CA_FILE', 'TLS_CERT_FILE', 'TLS_KEY_FILE'].map((name) => named(given, `${area}_${name}`));

const unused = (pairs: readonly Pair[], because: string): string[] =>
  pairs.flatMap(({ name, value }) => (value === undefined ? [] : [`${name}: is set, but ${because}, or unset it`]));

function halfOf(one: Pair, other: Pair): string[] {
  if ((one.value === undefined) === (other.value === undefined)) return [];
  const [there, missing] = one.value === undefined ? [other, one] : [one, other];
  return [`${missing.name}: is missing, though ${there.name} is set; set both or neither`];
}

function pairProblems(given: object, area: string): string[] {
  const [, certificate, key] = tlsFiles(given, area) as [Pair, Pair, Pair];
  if (certificate.value === undefined || key.value === undefined) return halfOf(certificate, key);
  const [{ pem }, { pem: keyPem }] = [certificate.value as PemFile, key.value as PemFile];
  if (new X509Certificate(pem).checkPrivateKey(createPrivateKey(keyPem))) return [];
  return [`${key.name}: is not the key of ${certificate.name}; name the two files that belong together`];
}
