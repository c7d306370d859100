import { Command } from 'commander';
import { createKafkaAdmin } from '../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../pipeline/broker/kafka/client.ts';
import { createKafkaConsumers } from '../../pipeline/broker/kafka/consumer.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import type { KafkaConnection } from '../../pipeline/kernel/server-connections.ts';
import { instantOf } from '../outbox/arguments.ts';
import { withOutbox } from '../outbox/open-outbox.ts';
import { verdictLines, verifyOutbox } from '../outbox/verify.ts';
import type { TopicReaderPorts } from '../topics/read-topic.ts';
import { kafkaOf, topicPrefix } from './connection.ts';
import { type OutboxOptions, outboxOption } from './outbox-options.ts';
import { jsonOption, say, writeReport } from './report.ts';

interface VerifyOptions extends OutboxOptions {
  readonly brokers?: string;
  readonly topic?: readonly string[];
  readonly since: string;
  readonly until?: string;
}

async function withTopics<T>(connection: KafkaConnection, work: (ports: TopicReaderPorts) => Promise<T>): Promise<T> {
  const log = createLogger('error');
  const kafka = createKafka({ ...connection, clientId: 'freshet-outbox-verify', log });
  const names = kafkaNames(topicPrefix());
  const admin = createKafkaAdmin({ kafka, names });
  const consumers = createKafkaConsumers({ kafka, names, clock: systemClock, random: Math.random, log });
  try {
    return await work({ admin, consumers });
  } finally {
    await admin.close();
  }
}

async function verify(options: VerifyOptions): Promise<void> {
  const startedAt = new Date();
  const now = startedAt.getTime();
  const since = instantOf('--since', options.since, now);
  const until = options.until === undefined ? now : instantOf('--until', options.until, now);
  if (since >= until) throw new FreshetError('argument_invalid', '--since must lie before --until');
  const connection = kafkaOf(options.brokers);
  await withOutbox(options.outbox, async ({ database, location }) => {
    const range = { since, until, ...(options.topic ? { topics: options.topic } : {}) };
    const verdict = await withTopics(connection, (ports) => verifyOutbox(database, ports, range));
    say(options, verdictLines(verdict, since));
    const missing = verdict.topics.reduce((sum, topic) => sum + topic.missing.length, 0);
    await writeReport(options.json, {
      command: 'outbox verify',
      startedAt: startedAt.toISOString(),
      config: {
        outbox: location,
        brokers: connection.brokers,
        since: new Date(since),
        until: new Date(until),
        topics: options.topic ?? null,
      },
      runs: verdict.topics.map((topic) => ({
        ...topic,
        missing: topic.missing.length,
        examples: topic.missing.slice(0, 1_000),
      })),
      summary: { missing, keptSince: verdict.keptSince ?? null },
    });
    if (missing > 0) process.exitCode = 1;
  });
}

/** `freshet outbox verify`; exit code 1 where anything is missing. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('compare committed outbox rows with their topics: missing, duplicate and unexpected records')
    .option('--since <when>', 'created at or after: an instant with a zone, or how long ago, such as 30m or 2h', '1h')
    .option('--until <when>', 'created before; default now')
    .option('--topic <name...>', 'only these; default all that the outbox holds rows of')
    .option('--brokers <list>', 'Kafka bootstrap servers; default FRESHET_KAFKA_BROKERS, else the running stack')
    .option(...outboxOption)
    .option(...jsonOption)
    .action(verify);
}
