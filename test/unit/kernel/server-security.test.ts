import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../../pipeline/kernel/config.ts';
import { kafkaConnection, registryConnection } from '../../../pipeline/kernel/server-connections.ts';
import { createAuthority, type Issued } from '../../support/authority.ts';

type Variables = Readonly<Record<string, string>>;

const servers: Variables = {
  FRESHET_POSTGRES_URL: 'postgres://127.0.0.1/none',
  FRESHET_KAFKA_BROKERS: 'a:9093,b:9093',
  FRESHET_REGISTRY_URL: 'https://registry.example',
  FRESHET_REDIS_URL: 'redis://127.0.0.1:1',
};
const folder = mkdtempSync(join(tmpdir(), `freshet-security-p${process.pid}-`));
const noPem = join(folder, 'no.pem');
const absent = join(folder, 'absent.pem');
let caFile: string;
let one: Issued;
let other: Issued;

beforeAll(() => {
  const authority = createAuthority(folder);
  [caFile, one, other] = [authority.caFile, authority.issue('one'), authority.issue('other')];
  writeFileSync(noPem, 'nothing');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const problemsOf = (variables: Variables): string => {
  try {
    parseConfig({ ...servers, ...variables });
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
};

test('without a word about it neither TLS nor a login is used', () => {
  const config = parseConfig(servers);
  expect(kafkaConnection(config)).toEqual({ brokers: 'a:9093,b:9093' });
  expect(registryConnection(config)).toEqual({ url: 'https://registry.example', tls: {} });
});

test('empty variables are as none, for files of variables that name all of them', () => {
  const empty = { FRESHET_KAFKA_SASL_MECHANISM: '', FRESHET_KAFKA_SASL_PASSWORD: '', FRESHET_REGISTRY_TLS_CA_FILE: '' };
  expect(kafkaConnection(parseConfig({ ...servers, ...empty }))).toEqual({ brokers: 'a:9093,b:9093' });
});

test('all that is set is handed on, files as what they hold', () => {
  const config = parseConfig({
    ...servers,
    FRESHET_KAFKA_TLS: 'true',
    FRESHET_KAFKA_TLS_CA_FILE: caFile,
    FRESHET_KAFKA_TLS_CERT_FILE: one.certFile,
    FRESHET_KAFKA_TLS_KEY_FILE: one.keyFile,
    FRESHET_KAFKA_SASL_MECHANISM: 'scram-sha-256',
    FRESHET_KAFKA_SASL_USERNAME: 'me',
    FRESHET_KAFKA_SASL_PASSWORD: 'p',
    FRESHET_REGISTRY_USERNAME: 'me',
    FRESHET_REGISTRY_PASSWORD: 'p@ss',
  });
  const { tls, sasl } = kafkaConnection(config);
  expect(sasl).toEqual({ mechanism: 'scram-sha-256', username: 'me', password: 'p' });
  expect(tls?.ca).toMatch(/^-----BEGIN CERTIFICATE/);
  expect(tls?.key).toMatch(/^-----BEGIN PRIVATE KEY/);
  expect(registryConnection(config).credentials).toEqual({ username: 'me', password: 'p@ss' });
});

const kafkaTls = { FRESHET_KAFKA_TLS: 'true' };

test.each<[string, () => Variables, RegExp]>([
  [
    'a login without a password',
    () => ({ FRESHET_KAFKA_SASL_MECHANISM: 'plain', FRESHET_KAFKA_SASL_USERNAME: 'me' }),
    /FRESHET_KAFKA_SASL_PASSWORD: is missing, though FRESHET_KAFKA_SASL_MECHANISM=plain logs in; set it/,
  ],
  [
    'an account that nobody logs in with',
    () => ({ FRESHET_KAFKA_SASL_USERNAME: 'me', FRESHET_KAFKA_SASL_PASSWORD: 'p' }),
    /FRESHET_KAFKA_SASL_USERNAME: is set, but nobody logs in; set FRESHET_KAFKA_SASL_MECHANISM/,
  ],
  [
    'an unknown mechanism',
    () => ({ FRESHET_KAFKA_SASL_MECHANISM: 'gssapi' }),
    /FRESHET_KAFKA_SASL_MECHANISM: .*plain.*scram-sha-512/,
  ],
  [
    'a file that is not there',
    () => ({ ...kafkaTls, FRESHET_KAFKA_TLS_CA_FILE: absent }),
    /FRESHET_KAFKA_TLS_CA_FILE: the file cannot be read: .*absent.pem.*; name one that is there/,
  ],
  [
    'a file that is no PEM',
    () => ({ ...kafkaTls, FRESHET_KAFKA_TLS_CA_FILE: noPem }),
    /FRESHET_KAFKA_TLS_CA_FILE: .*no.pem does not hold a certificate in PEM, which begins with/,
  ],
  [
    'a key where a certificate belongs',
    () => ({ ...kafkaTls, FRESHET_KAFKA_TLS_CERT_FILE: one.keyFile, FRESHET_KAFKA_TLS_KEY_FILE: one.keyFile }),
    /FRESHET_KAFKA_TLS_CERT_FILE: .*does not hold a certificate/,
  ],
  [
    'a certificate without its key',
    () => ({ ...kafkaTls, FRESHET_KAFKA_TLS_CERT_FILE: one.certFile }),
    /FRESHET_KAFKA_TLS_KEY_FILE: is missing, though FRESHET_KAFKA_TLS_CERT_FILE is set/,
  ],
  [
    "another certificate's key",
    () => ({ ...kafkaTls, FRESHET_KAFKA_TLS_CERT_FILE: one.certFile, FRESHET_KAFKA_TLS_KEY_FILE: other.keyFile }),
    /FRESHET_KAFKA_TLS_KEY_FILE: is not the key of FRESHET_KAFKA_TLS_CERT_FILE/,
  ],
  [
    'files without TLS',
    () => ({ FRESHET_KAFKA_TLS_CA_FILE: caFile }),
    /FRESHET_KAFKA_TLS_CA_FILE: is set, but FRESHET_KAFKA_TLS is not true; set FRESHET_KAFKA_TLS=true, or unset it/,
  ],
  [
    'half of an account',
    () => ({ FRESHET_REGISTRY_USERNAME: 'me' }),
    /FRESHET_REGISTRY_PASSWORD: is missing, though FRESHET_REGISTRY_USERNAME is set; set both or neither/,
  ],
  [
    'an account in two places',
    () => ({
      FRESHET_REGISTRY_URL: 'https://you:x@registry.example',
      FRESHET_REGISTRY_USERNAME: 'me',
      FRESHET_REGISTRY_PASSWORD: 'p',
    }),
    /FRESHET_REGISTRY_USERNAME: FRESHET_REGISTRY_URL names a user too; take it out of the URL/,
  ],
  [
    'files for a registry without TLS',
    () => ({ FRESHET_REGISTRY_URL: 'http://registry.example', FRESHET_REGISTRY_TLS_CA_FILE: caFile }),
    /FRESHET_REGISTRY_TLS_CA_FILE: is set, but FRESHET_REGISTRY_URL is no https:\/\/ URL/,
  ],
])('%s is refused with variable, problem and remedy', (_, variables, problem) => {
  const said = problemsOf(variables());
  expect(said).toMatch(problem);
  expect(said).not.toContain('PRIVATE KEY');
});

test('no problem repeats a password', () => {
  const secret = 'never-to-be-seen';
  const said = problemsOf({ FRESHET_KAFKA_SASL_PASSWORD: secret, FRESHET_REGISTRY_PASSWORD: secret });
  expect(said).toContain('FRESHET_REGISTRY_USERNAME: is missing');
  expect(said).not.toContain(secret);
});
