import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { checkServer } from '../../../ops/stack/health.ts';
import { checkoutRoot } from '../../../ops/stack/paths.ts';
import { runTool } from '../../../ops/stack/run-tool.ts';
import { urlsFromEnvironment } from '../../../ops/stack/urls.ts';
import { searchTopic } from '../../../ops/topics/search-topic.ts';
import { createKafkaAdmin } from '../../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../../pipeline/broker/kafka/client.ts';
import { openCluster } from '../../../pipeline/broker/kafka/cluster.ts';
import { createKafkaConsumers } from '../../../pipeline/broker/kafka/consumer.ts';
import { createProduceGuard } from '../../../pipeline/broker/kafka/produce-guard.ts';
import { createKafkaProducer } from '../../../pipeline/broker/kafka/producer.ts';
import { openTransactionalProducer } from '../../../pipeline/broker/kafka/transactional-producer.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { parseConfig } from '../../../pipeline/kernel/config.ts';
import { TransientError } from '../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { kafkaConnection } from '../../../pipeline/kernel/server-connections.ts';
import { createAuthority } from '../../support/authority.ts';
import { eventually } from '../../support/eventually.ts';
import { createSecuredKafka, kafkaAccount, plainAccount, type SecuredKafka } from '../../support/secured-kafka.ts';

type Variables = Readonly<Record<string, string>>;

const lines: string[] = [];
const log = createLogger('debug', { write: (line) => void lines.push(line) });
const names = kafkaNames('secured.');
const closing: (() => Promise<unknown>)[] = [];
const wrong = 'not the password';
let kafka: SecuredKafka;

beforeAll(async () => {
  kafka = await createSecuredKafka();
});
afterAll(() => kafka?.close());
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const scram: Variables = {
  FRESHET_KAFKA_SASL_MECHANISM: 'scram-sha-512',
  FRESHET_KAFKA_SASL_USERNAME: kafkaAccount.username,
  FRESHET_KAFKA_SASL_PASSWORD: kafkaAccount.password,
};

const environment = (variables: Variables): Variables => ({
  FRESHET_POSTGRES_URL: 'postgres://127.0.0.1/none',
  FRESHET_REGISTRY_URL: 'http://127.0.0.1:1',
  FRESHET_REDIS_URL: 'redis://127.0.0.1:1',
  FRESHET_KAFKA_BROKERS: kafka.brokers,
  FRESHET_KAFKA_TLS: 'true',
  FRESHET_KAFKA_TLS_CA_FILE: kafka.authority.caFile,
  ...variables,
});

type SocketFactory = ReturnType<typeof createProduceGuard>['socketFactory'];

function open(variables: Variables, socketFactory?: SocketFactory) {
  const connection = kafkaConnection(parseConfig(environment(variables)));
  const client = createKafka({ ...connection, clientId: 'secured', log, ...(socketFactory && { socketFactory }) });
  const admin = createKafkaAdmin({ kafka: client, names });
  const producer = createKafkaProducer({ kafka: client, names, clock: systemClock });
  closing.push(admin.close, producer.close);
  return { client, admin, producer };
}

const records = (topic: string, value: string) => [
  { topic, records: [{ key: Buffer.from('k'), value: Buffer.from(value) }] },
];

async function joinGroupOf(client: ReturnType<typeof createKafka>, topic: string) {
  const consumers = createKafkaConsumers({ kafka: client, names, clock: systemClock, random: () => 0.5, log });
  const seen: string[] = [];
  const running = await consumers.start({
    groupId: topic,
    topics: [topic],
    autoOffsetReset: 'earliest',
    onAssigned: async () => {},
    onBatch: async (batch) => {
      seen.push(...batch.records.map(({ value }) => String(value)));
      return true;
    },
    onFatal: () => {},
  });
  closing.push(() => running.stop());
  return seen;
}

test.each<[string, () => Variables]>([
  ['scram-sha-512', () => scram],
  ['scram-sha-256', () => ({ ...scram, FRESHET_KAFKA_SASL_MECHANISM: 'scram-sha-256' })],
  [
    'plain',
    () => ({
      FRESHET_KAFKA_SASL_MECHANISM: 'plain',
      FRESHET_KAFKA_SASL_USERNAME: plainAccount.username,
      FRESHET_KAFKA_SASL_PASSWORD: plainAccount.password,
    }),
  ],
  [
    'a client certificate',
    () => {
      const { certFile, keyFile } = kafka.authority.issue('client');
      return {
        FRESHET_KAFKA_BROKERS: kafka.brokersByCertificate,
        FRESHET_KAFKA_TLS_CERT_FILE: certFile,
        FRESHET_KAFKA_TLS_KEY_FILE: keyFile,
      };
    },
  ],
])('creates topics, produces and consumes in a group over TLS with %s', async (kind, variables) => {
  const topic = kind.replaceAll(' ', '-');
  const { client, admin, producer } = open(variables());
  await admin.create([{ name: topic, partitions: 1, config: {} }]);
  await producer.send(records(topic, 'hello'));
  const seen = await joinGroupOf(client, topic);
  await eventually(() => expect(seen).toEqual(['hello']));
  expect(await admin.offsets(topic)).toMatchObject([{ low: 0n, high: 1n }]);
});

test("a relay's client is guarded over TLS as it is without, and its transactions commit", async () => {
  const guard = createProduceGuard(systemClock);
  const { client, admin, producer } = open(scram, guard.socketFactory);
  await admin.create([{ name: 'relayed', partitions: 1, config: {} }]);
  await expect(producer.send(records('relayed', 'too early'))).rejects.toBeInstanceOf(TransientError);
  guard.allowUntil(systemClock.monotonic() + 60_000);
  await eventually(() => producer.send(records('relayed', 'in time')));
  const options = { kafka: client, names, clock: systemClock, transactionalId: 'secured.0' };
  const transactional = await openTransactionalProducer(options);
  closing.push(transactional.close);
  await transactional.send(records('relayed', 'committed'));
  const seen = await joinGroupOf(open(scram).client, 'relayed');
  await eventually(() => expect(seen).toEqual(['in time', 'committed']));
});

test('requests of our own go over the same connections', async () => {
  const { client, admin, producer } = open(scram);
  await admin.create([{ name: 'searched', partitions: 1, config: {} }]);
  await producer.send(records('searched', 'needle'));
  const cluster = openCluster(client);
  closing.push(cluster.close);
  const found = await searchTopic(
    { admin, cluster, physical: names.topic },
    {
      topic: 'searched',
      areas: [{ partition: 0, from: 0n, to: 1n }],
      needles: [Buffer.from('needle')],
      isMatch: () => true,
      order: 'newest',
      deadlineMs: systemClock.monotonic() + 10_000,
    },
  );
  expect(found).toMatchObject({ isComplete: true, found: [{ offset: 0n }] });
});

test('a password that the brokers do not take is an error that says what to set, and waiting can heal it', async () => {
  const { client, admin, producer } = open({ ...scram, FRESHET_KAFKA_SASL_PASSWORD: wrong });
  const refused = /FRESHET_KAFKA_SASL_USERNAME with FRESHET_KAFKA_SASL_PASSWORD: set both to an account/;
  await expect(admin.describe(['t'])).rejects.toThrow(refused);
  await expect(admin.describe(['t'])).rejects.toBeInstanceOf(TransientError);
  await expect(producer.send(records('t', 'x'))).rejects.toThrow(refused);
  const from = lines.length;
  await joinGroupOf(client, 'refused');
  const ended = () => lines.slice(from).filter((line) => line.includes('consumer ended, joining again'));
  await eventually(() => expect(ended().some((line) => refused.test(line))).toBe(true));
});

test('an account of another mechanism is refused, and a login where none is taken, and both say what to set', async () => {
  const { admin } = open({ ...scram, FRESHET_KAFKA_SASL_MECHANISM: 'plain' });
  await expect(admin.describe(['t'])).rejects.toThrow('FRESHET_KAFKA_SASL_PASSWORD: set both');
  const { certFile, keyFile } = kafka.authority.issue('both');
  const files = { FRESHET_KAFKA_TLS_CERT_FILE: certFile, FRESHET_KAFKA_TLS_KEY_FILE: keyFile };
  const both = open({ ...scram, ...files, FRESHET_KAFKA_BROKERS: kafka.brokersByCertificate });
  await expect(both.admin.describe(['t'])).rejects.toThrow(/the brokers take no login on that port/);
});

test('brokers whose certificate another authority signed are not talked to, and the error says what to set', async () => {
  const folder = mkdtempSync(join(tmpdir(), `freshet-other-authority-p${process.pid}-`));
  closing.push(async () => rmSync(folder, { recursive: true, force: true }));
  const other = createAuthority(folder, 'Another authority');
  const { admin } = open({ ...scram, FRESHET_KAFKA_TLS_CA_FILE: other.caFile });
  await expect(admin.describe(['t'])).rejects.toThrow(/whoever signed it in FRESHET_KAFKA_TLS_CA_FILE/);
});

test('a port without TLS, and one that wants a certificate, are errors that say what to set', async () => {
  const { admin: plain } = open({ FRESHET_KAFKA_BROKERS: inject('stack').kafkaBrokers });
  await expect(plain.describe(['t'])).rejects.toThrow(/look at the port in FRESHET_KAFKA_BROKERS/);
  const { admin } = open({ FRESHET_KAFKA_BROKERS: kafka.brokersByCertificate });
  await expect(admin.describe(['t'])).rejects.toThrow(/FRESHET_KAFKA_TLS_CERT_FILE/);
});

test('a client without TLS, or without a login, is hung up on and told what may be missing', async () => {
  const hint = /may want TLS \(FRESHET_KAFKA_TLS\) or a login \(FRESHET_KAFKA_SASL_MECHANISM\)/;
  await expect(open({}).admin.describe(['t'])).rejects.toThrow(hint);
  const plain = { FRESHET_KAFKA_TLS: 'false', FRESHET_KAFKA_TLS_CA_FILE: '' };
  await expect(open(plain).admin.describe(['t'])).rejects.toThrow(hint);
});

test('the stack finds a cluster that the environment names healthy, or says what to set', async () => {
  const urls = (variables: Variables) => {
    const found = urlsFromEnvironment(environment({ ...scram, ...variables }));
    if (found === undefined) throw new Error('the environment names no servers');
    return found;
  };
  await checkServer('kafka', urls({}));
  const wrongPassword = urls({ FRESHET_KAFKA_SASL_PASSWORD: wrong });
  await expect(checkServer('kafka', wrongPassword)).rejects.toThrow('FRESHET_KAFKA_SASL_PASSWORD: set both');
});

test('a command reaches the cluster by the same variables, and its error says what to set', async () => {
  const run = (variables: Variables) =>
    runTool({
      command: process.execPath,
      args: [join(checkoutRoot(), 'ops', 'cli', 'freshet.js'), 'topics', 'plan'],
      env: { ...environment({ ...scram, ...variables }), FRESHET_KAFKA_TOPIC_PREFIX: 'secured.' },
    });
  const [plan, refused] = await Promise.all([run({}), run({ FRESHET_KAFKA_SASL_PASSWORD: wrong })]);
  expect(plan).toMatchObject({ code: 0, stdout: expect.stringContaining('create') });
  expect(refused.code).toBe(1);
  expect(refused.output).toContain('FRESHET_KAFKA_SASL_PASSWORD: set both');
  expect(plan.output + refused.output).not.toContain(kafkaAccount.password);
  expect(refused.output).not.toContain(wrong);
});

test('no password is in any line of the log', () => {
  expect(lines.length).toBeGreaterThan(20);
  for (const secret of [kafkaAccount.password, plainAccount.password, wrong]) {
    const forms = [secret, JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64')];
    for (const form of forms) expect(lines.filter((line) => line.includes(form))).toEqual([]);
  }
});
