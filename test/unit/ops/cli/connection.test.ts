import { expect, test } from 'vitest';
import { configuredTopics, kafkaOf, registryOf, serverOf, topicPrefix } from '../../../../ops/cli/connection.ts';
import { localUrls } from '../../../../ops/stack/urls.ts';

const stack = localUrls({ postgres: 1, kafka: 2, registry: 3, redis: 4 });
const env = { FRESHET_KAFKA_BROKERS: 'broker:9092' };

test('what is passed wins over the environment, the environment over the running stack', () => {
  const running = () => stack;
  expect(serverOf('kafkaBrokers', 'given:9092', { env, running })).toBe('given:9092');
  expect(serverOf('kafkaBrokers', undefined, { env, running })).toBe('broker:9092');
  expect(serverOf('kafkaBrokers', undefined, { env: {}, running })).toBe('127.0.0.1:2');
});

test('with none of them the error names all three ways', () => {
  expect(() => serverOf('registryUrl', undefined, { env: {}, running: () => undefined })).toThrow(
    /FRESHET_REGISTRY_URL .*option.*freshet stack up/,
  );
});

test('a value that cannot be a server is refused', () => {
  expect(() => serverOf('registryUrl', 'registry:8081', { env: {} })).toThrow(
    expect.objectContaining({ code: 'server_invalid' }),
  );
});

test('the topics are those of the catalogue and of the configuration, whose mistakes are named', () => {
  expect(configuredTopics({}).doors.map(({ topic }) => topic.name)).toContain('engagement-events');
  const { all } = configuredTopics({ FRESHET_SUBMIT_TOPICS: 'clicks=json' });
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(['clicks', 'clicks.intake.dlq']));
  expect(() => configuredTopics({ FRESHET_SUBMIT_TOPICS: 'clicks' })).toThrow(
    /^FRESHET_SUBMIT_TOPICS: clicks has no format/,
  );
});

test('the prefix is empty unless it is set', () => {
  expect(topicPrefix({})).toBe('');
  expect(topicPrefix({ FRESHET_KAFKA_TOPIC_PREFIX: 'staging.' })).toBe('staging.');
});

test('a server that is passed as an option is reached as the environment says', () => {
  const account = { FRESHET_REGISTRY_USERNAME: 'me', FRESHET_REGISTRY_PASSWORD: 'p' };
  expect(registryOf('http://other', account)).toMatchObject({
    url: 'http://other',
    credentials: { username: 'me', password: 'p' },
  });
  expect(kafkaOf('other:9093', { FRESHET_KAFKA_TLS: 'true' })).toEqual({ brokers: 'other:9093', tls: {} });
  expect(() => kafkaOf('other:9093', { FRESHET_KAFKA_SASL_MECHANISM: 'plain' })).toThrow(
    /FRESHET_KAFKA_SASL_USERNAME: is missing/,
  );
});
