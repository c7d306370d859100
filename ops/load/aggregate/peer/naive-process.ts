import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { createCodec } from '../../../../pipeline/broker/registry/codec.ts';
import { createHttpRegistry } from '../../../../pipeline/broker/registry/http-registry.ts';
import { systemClock } from '../../../../pipeline/kernel/clock.ts';
import { connectionConfig } from '../../../../pipeline/stores/postgres/database.ts';
import { topics } from '../../../../schemas/topics.ts';
import { applyNaively } from './naive.ts';

/** The peer's process: what one writes first, a transaction an event, eight partitions side by side. */
const { FRESHET_POSTGRES_URL: url = '', FRESHET_KAFKA_BROKERS: brokers = '' } = process.env;
const { FRESHET_KAFKA_TOPIC_PREFIX: prefix = '', FRESHET_REGISTRY_URL: registry = '' } = process.env;

const pool = new pg.Pool({ ...connectionConfig(url), max: 8 });
const kafka = new Kafka({ clientId: 'naive', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: `${prefix}naive.${process.pid}`, maxWaitTimeInMs: 100 });
const topic = topics.interactionEnriched;
const reader = createCodec({ registry: createHttpRegistry({ url: registry }), clock: systemClock }).reader(topic);

const server = createServer((_, response) => response.writeHead(404).end());
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ msg: 'running', listening: `http://127.0.0.1:${port}` })}\n`);
});
process.on('SIGTERM', () => process.exit(0));

await consumer.connect();
await consumer.subscribe({ topics: [prefix + topic.name], fromBeginning: true });
await consumer.run({
  partitionsConsumedConcurrently: 8,
  autoCommit: false,
  eachMessage: async ({ partition, message }) => {
    const result = await reader.read(message.value as Buffer);
    if (!result.ok) throw new Error(result.message);
    await applyNaively(pool, result.value, { topic: topic.name, partition, next: Number(message.offset) + 1 });
  },
});
