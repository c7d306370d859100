import { expect, it } from 'vitest';
import { localUrls, stackEnvironment, urlsFromEnvironment } from '../../../../ops/stack/urls.ts';

const urls = localUrls({ postgres: 1, kafka: 2, registry: 3, redis: 4 });

it('reads back from the environment what it wrote for it', () => {
  expect(urlsFromEnvironment(stackEnvironment(urls))).toMatchObject(urls);
});

it('has no stack in an environment that names no server', () => {
  expect(urlsFromEnvironment({ HOME: '/root', FRESHET_HTTP_PORT: '8080' })).toBeUndefined();
});

it('refuses an environment that names some servers only, and says which are missing', () => {
  const { FRESHET_REDIS_URL: _, ...rest } = stackEnvironment(urls);
  expect(() => urlsFromEnvironment(rest)).toThrow('FRESHET_REDIS_URL');
});

it('servers that the environment names are reached as it says, by the stack too', () => {
  const env = { ...stackEnvironment(urls), FRESHET_KAFKA_TLS: 'true', FRESHET_REGISTRY_USERNAME: 'me' };
  expect(urlsFromEnvironment({ ...env, FRESHET_REGISTRY_PASSWORD: 'p' })?.access).toMatchObject({
    kafka: { brokers: urls.kafkaBrokers, tls: {} },
    registry: { url: urls.registryUrl, credentials: { username: 'me', password: 'p' } },
  });
  expect(() => urlsFromEnvironment(env)).toThrow('FRESHET_REGISTRY_PASSWORD: is missing');
});
