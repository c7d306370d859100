import { Command } from 'commander';
import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';
import { createKafkaAdmin } from '../../pipeline/broker/kafka/admin.ts';
import { createKafka, kafkaNames } from '../../pipeline/broker/kafka/client.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import type { CatalogueTopic } from '../../schemas/topic.ts';
import { findingLine } from '../schemas/finding.ts';
import { aclCommands } from '../topics/acls.ts';
import { applyTopics, compareTopics } from '../topics/apply.ts';
import { catalogueFindings } from '../topics/catalogue-findings.ts';
import { topologyDiagram } from '../topics/diagram.ts';
import { diagnoseTopics } from '../topics/doctor.ts';
import { describeChange, type TopicChange } from '../topics/plan.ts';
import { configuredTopics, kafkaOf, topicPrefix } from './connection.ts';
import { type JsonOption, jsonOption, say, writeReport } from './report.ts';

interface Options {
  readonly brokers?: string;
  readonly json?: JsonOption;
}

const brokersOption = [
  '--brokers <list>',
  'Kafka bootstrap servers; default FRESHET_KAFKA_BROKERS, else the running stack',
] as const;

interface Session {
  readonly admin: BrokerAdmin;
  readonly topics: readonly CatalogueTopic[];
  readonly startedAt: string;
  readonly config: Readonly<Record<string, string>>;
}

async function withCluster(options: Options, work: (session: Session) => Promise<void>): Promise<void> {
  const startedAt = new Date().toISOString();
  const connection = kafkaOf(options.brokers);
  const { brokers } = connection;
  const prefix = topicPrefix();
  const topics = configuredTopics().all;
  const kafka = createKafka({ ...connection, clientId: 'freshet-topics', log: createLogger('error') });
  const admin = createKafkaAdmin({ kafka, names: kafkaNames(prefix) });
  try {
    await work({ admin, topics, startedAt, config: { brokers, prefix } });
  } finally {
    await admin.close();
  }
}

const count = (changes: readonly TopicChange[], kind: TopicChange['kind']) =>
  changes.filter((one) => one.kind === kind).length;

const summaryOf = (topics: readonly CatalogueTopic[], changes: readonly TopicChange[]) => ({
  topics: topics.length,
  created: count(changes, 'create'),
  configured: count(changes, 'configure'),
  refused: count(changes, 'refuse'),
});

const plan = (options: Options) =>
  withCluster(options, async ({ admin, topics, startedAt, config }) => {
    const changes = await compareTopics({ admin, topics });
    say(options, changes.length > 0 ? changes.map(describeChange) : ['the cluster agrees with the catalogue']);
    await writeReport(options.json, {
      command: 'topics plan',
      startedAt,
      config,
      runs: changes,
      summary: summaryOf(topics, changes),
    });
    if (count(changes, 'refuse') > 0) process.exitCode = 1;
  });

const apply = (options: Options) =>
  withCluster(options, async ({ admin, topics, startedAt, config }) => {
    const changes = await applyTopics({ admin, topics, log: createLogger('warn') });
    say(options, changes.length > 0 ? changes.map(describeChange) : ['nothing to do']);
    await writeReport(options.json, {
      command: 'topics apply',
      startedAt,
      config,
      runs: changes,
      summary: summaryOf(topics, changes),
    });
  });

const doctor = (options: Options) =>
  withCluster(options, async ({ admin, topics, startedAt, config }) => {
    const catalogue = catalogueFindings(topics).map(findingLine);
    const { findings, topics: there, records, retired } = await diagnoseTopics({ admin, topics });
    const lines = [...catalogue, ...findings.map(({ topic, problem, remedy }) => `${topic}: ${problem} (${remedy})`)];
    const ended = retired.map(
      ({ topic, records: left }) =>
        `${topic}: is retired and holds ${left} records; once its consumers have no lag (GET /stream/worker) and nobody needs them, delete it from the cluster and take its entry, schema and types away`,
    );
    const good = `${there} topics as the catalogue says, ${records} records`;
    say(options, [...(lines.length > 0 ? lines : [good]), ...ended]);
    const summary = { topics: there, records, findings: lines.length };
    await writeReport(options.json, { command: 'topics doctor', startedAt, config, runs: findings, summary });
    if (lines.length > 0) process.exitCode = 1;
  });

/** Everything is from the catalogue and the prefix: no cluster is asked. */
function acls({ stage }: { readonly stage?: string }): void {
  const lines = aclCommands(configuredTopics().all, topicPrefix()).filter(({ who }) => !stage || who === stage);
  if (lines.length === 0) throw new FreshetError('stage_unknown', `no topic of the catalogue names ${stage}`);
  say(
    {},
    lines.map(({ command }) => command),
  );
}

/** `freshet topics plan | apply | doctor | acls | diagram`. */
export function topicsCommand(): Command {
  const command = new Command('topics').description('The catalogue of topics compared with a cluster');
  command
    .command('plan')
    .description('what apply would do')
    .option(...brokersOption)
    .option(...jsonOption)
    .action(plan);
  command
    .command('apply')
    .description('create missing topics and set what differs; partition counts are never changed')
    .option(...brokersOption)
    .option(...jsonOption)
    .action(apply);
  command
    .command('doctor')
    .description('differences and topics that do not answer, each with its remedy; exit code 1 where there are any')
    .option(...brokersOption)
    .option(...jsonOption)
    .action(doctor);
  command
    .command('acls')
    .description('who needs which access to which topic and group, as commands for kafka-acls')
    .option('--stage <name>', 'of one stage, door or client only')
    .action(acls);
  command
    .command('diagram')
    .description('the topology as Mermaid')
    .action(() => {
      process.stdout.write(topologyDiagram());
    });
  return command;
}
