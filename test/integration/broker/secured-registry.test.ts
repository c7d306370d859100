import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { applySchemas } from '../../../ops/schemas/apply.ts';
import { sampleOf } from '../../../ops/schemas/samples.ts';
import { checkoutRoot } from '../../../ops/stack/paths.ts';
import { createCodec } from '../../../pipeline/broker/registry/codec.ts';
import { createHttpRegistry } from '../../../pipeline/broker/registry/http-registry.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { parseConfig } from '../../../pipeline/kernel/config.ts';
import { messageOf, TransientError } from '../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { registryConnection } from '../../../pipeline/kernel/server-connections.ts';
import { avroTopics, topics } from '../../../schemas/topics.ts';
import { type Authority, createAuthority } from '../../support/authority.ts';
import { openSecuredRegistry, registryAccount, type SecuredRegistry } from '../../support/secured-registry.ts';

type Variables = Readonly<Record<string, string>>;

const folder = mkdtempSync(join(tmpdir(), `freshet-secured-registry-p${process.pid}-`));
let authority: Authority;
let byAccount: SecuredRegistry;
let byCertificate: SecuredRegistry;

beforeAll(async () => {
  authority = createAuthority(folder);
  const target = inject('stack').registryUrl;
  byAccount = await openSecuredRegistry({ target, authority, asks: 'account' });
  byCertificate = await openSecuredRegistry({ target, authority, asks: 'certificate' });
});
afterAll(async () => {
  await byAccount?.close();
  await byCertificate?.close();
  rmSync(folder, { recursive: true, force: true });
});

const connection = (variables: Variables) =>
  registryConnection(
    parseConfig({
      FRESHET_POSTGRES_URL: 'postgres://127.0.0.1/none',
      FRESHET_KAFKA_BROKERS: '127.0.0.1:1',
      FRESHET_REDIS_URL: 'redis://127.0.0.1:1',
      FRESHET_REGISTRY_URL: byAccount.url,
      FRESHET_REGISTRY_TLS_CA_FILE: authority.caFile,
      ...variables,
    }),
  );

const login = {
  FRESHET_REGISTRY_USERNAME: registryAccount.username,
  FRESHET_REGISTRY_PASSWORD: registryAccount.password,
};

const codecBy = (variables: Variables) =>
  createCodec({ registry: createHttpRegistry(connection(variables)), clock: systemClock });

async function refusal(variables: Variables): Promise<Error> {
  const writing = codecBy(variables).writer(topics.itemChanged);
  return writing.then(
    () => new Error('it was taken'),
    (error: unknown) => error as Error,
  );
}

test.each<[string, () => Variables]>([
  ['an account beside the URL', () => login],
  [
    'an account in the URL',
    () => {
      const own = new URL(byAccount.url);
      own.username = registryAccount.username;
      own.password = encodeURIComponent(registryAccount.password);
      return { FRESHET_REGISTRY_URL: own.href };
    },
  ],
  [
    'a client certificate',
    () => {
      const { certFile, keyFile } = authority.issue('client');
      return {
        FRESHET_REGISTRY_URL: byCertificate.url,
        FRESHET_REGISTRY_TLS_CERT_FILE: certFile,
        FRESHET_REGISTRY_TLS_KEY_FILE: keyFile,
      };
    },
  ],
])('schemas are applied, written and read over TLS with %s', async (_, variables) => {
  const registry = connection(variables());
  const applied = { registryUrl: registry.url, registry, root: checkoutRoot(), log: createLogger('error') };
  await applySchemas(applied);
  const [writing, reading] = [codecBy(variables()), codecBy(variables())];
  for (const topic of avroTopics.slice(0, 3)) {
    const value = sampleOf(topic.schema.json, 'most');
    const bytes = (await writing.writer(topic)).write(value);
    expect(await reading.reader(topic).read(bytes)).toMatchObject({ ok: true, value });
  }
});

test('credentials that are refused are transient and say what to set, without the password', async () => {
  const wrong = 'not the password';
  const error = await refusal({ ...login, FRESHET_REGISTRY_PASSWORD: wrong });
  expect(error).toBeInstanceOf(TransientError);
  expect(error.message).toMatch(/401.*FRESHET_REGISTRY_USERNAME and FRESHET_REGISTRY_PASSWORD.*set both/);
  expect(JSON.stringify(error) + messageOf(error)).not.toContain(wrong);
  expect((await refusal({})).message).toMatch(/it wants a login; set FRESHET_REGISTRY_USERNAME/);
});

test('a certificate of another authority is transient and says what to set', async () => {
  const other = createAuthority(join(folder, 'other'), 'Another authority');
  const error = await refusal({ ...login, FRESHET_REGISTRY_TLS_CA_FILE: other.caFile });
  expect(error).toBeInstanceOf(TransientError);
  expect(error.message).toContain('whoever signed it in FRESHET_REGISTRY_TLS_CA_FILE');
});

test('a registry that wants a certificate, and a port without TLS, say what to set', async () => {
  const bare = await refusal({ FRESHET_REGISTRY_URL: byCertificate.url });
  expect(bare).toBeInstanceOf(TransientError);
  expect(bare.message).toContain('FRESHET_REGISTRY_TLS_CERT_FILE');
  const plain = await refusal({ FRESHET_REGISTRY_URL: inject('stack').registryUrl.replace('http:', 'https:') });
  expect(plain).toBeInstanceOf(TransientError);
  expect(plain.message).toContain('look at the port in FRESHET_REGISTRY_URL');
});
