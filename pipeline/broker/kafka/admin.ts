import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import type { BrokerAdmin, TopicSpec, TopicState } from '../admin.ts';
import { type KafkaNames, translateKafka } from './client.ts';

/** Not among the names that Node finds in a CommonJS module. */
const { ConfigResourceTypes, ConfigSource } = kafkajs;

export interface KafkaAdminOptions {
  readonly kafka: Kafka;
  readonly names: KafkaNames;
  readonly clock?: Clock;
}

/** How long the brokers of a healthy cluster may take to lead the partitions of a new topic; mostly 0.1 s. */
const leadersWithinMs = 15_000;
const leaderPollMs = 50;

/** Connects at the first call, so that starting a process does not wait for the cluster. */
export function createKafkaAdmin({ kafka, names, clock = systemClock }: KafkaAdminOptions): BrokerAdmin {
  const call = connector(kafka.admin());
  return {
    offsets: (topic) =>
      call.run(async (admin) => {
        const partitions = await admin.fetchTopicOffsets(names.topic(topic));
        return partitions
          .map(({ partition, low, high }) => ({ topic, partition, low: BigInt(low), high: BigInt(high) }))
          .sort((a, b) => a.partition - b.partition);
      }),
    offsetsAt: (topic, timestampMs) =>
      call.run(async (admin) => {
        const partitions = await admin.fetchTopicOffsetsByTimestamp(names.topic(topic), timestampMs);
        return partitions.map(({ partition, offset }) => ({ topic, partition, offset: BigInt(offset) }));
      }),
    describe: (topics) => call.run((admin) => describe(admin, names, topics)),
    create: (specs) => call.run((admin) => create(admin, specs, { names, clock })),
    configure: (spec) => call.run((admin) => configure(admin, names, spec)),
    deleteGroup: (groupId) => call.run((admin) => deleteGroup(admin, names.group(groupId))),
    close: call.close,
  };
}

function connector(admin: Admin) {
  let connected: Promise<void> | undefined;
  const connect = () => {
    connected ??= admin.connect().catch((error: unknown) => {
      connected = undefined;
      throw error;
    });
    return connected;
  };
  return {
    async run<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
      try {
        await connect();
        return await work(admin);
      } catch (error) {
        throw translateKafka(error);
      }
    },
    async close() {
      if (connected === undefined) return;
      await connected.catch(() => undefined);
      await admin.disconnect();
      connected = undefined;
    },
  };
}

/** Topics that the cluster does not have are left out. Config holds the values in force, defaults included. */
async function describe(admin: Admin, names: KafkaNames, topics: readonly string[]): Promise<TopicState[]> {
  const existing = new Set(await admin.listTopics());
  const present = topics.map(names.topic).filter((name) => existing.has(name));
  if (present.length === 0) return [];
  const metadata = await admin.fetchTopicMetadata({ topics: present });
  const configs = await configsOf(admin, present);
  return metadata.topics.map(({ name, partitions }) => {
    const entries = (configs.get(name) ?? []).map(({ configName, configValue }) => [configName, configValue]);
    return {
      name: names.logicalTopic(name) ?? name,
      partitions: partitions.length,
      config: Object.fromEntries(entries),
    };
  });
}

async function configsOf(admin: Admin, topics: readonly string[]) {
  const resources = topics.map((name) => ({ type: ConfigResourceTypes.TOPIC, name }));
  const answer = await admin.describeConfigs({ resources, includeSynonyms: false });
  return new Map(answer.resources.map((resource) => [resource.resourceName, resource.configEntries]));
}

/** Topics that are there already stay as they are. Replication is the cluster's default. */
async function create(
  admin: Admin,
  specs: readonly TopicSpec[],
  { names, clock }: { readonly names: KafkaNames; readonly clock: Clock },
): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const topics = specs
    .filter(({ name }) => !existing.has(names.topic(name)))
    .map(({ name, partitions, config }) => ({
      topic: names.topic(name),
      numPartitions: partitions,
      replicationFactor: -1,
      configEntries: configEntries(config),
    }));
  if (topics.length === 0) return;
  try {
    await admin.createTopics({ topics, waitForLeaders: false, timeout: 15_000 });
  } catch (error) {
    throw withTopics(error);
  }
  for (const { topic } of topics) await untilLed(admin, topic, clock);
}

/**
 * The controller answers before brokers have heard of a new topic, and a broker names itself leader before it
 * answers as one. The driver's own wait gives up at the first of these.
 */
async function untilLed(admin: Admin, topic: string, clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + leadersWithinMs;
  for (;;) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (clock.monotonic() > deadline) throw error;
      await clock.sleep(leaderPollMs);
    }
  }
}

/** The driver says only that there were errors, not for which topics. */
function withTopics(error: unknown): unknown {
  const { errors } = error as { errors?: (Error & { topic?: string })[] };
  if (!Array.isArray(errors)) return error;
  return new Error(errors.map(({ topic, message }) => `${topic}: ${message}`).join('; '), { cause: error });
}

/** Kafka's call replaces a topic's whole configuration, so what others set on the topic is sent along. */
async function configure(admin: Admin, names: KafkaNames, { name, config }: TopicSpec): Promise<void> {
  const topic = names.topic(name);
  const entries = (await configsOf(admin, [topic])).get(topic) ?? [];
  const set = entries.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG);
  const kept = Object.fromEntries(set.map(({ configName, configValue }) => [configName, configValue]));
  const resource = {
    type: ConfigResourceTypes.TOPIC,
    name: topic,
    configEntries: configEntries({ ...kept, ...config }),
  };
  await admin.alterConfigs({ validateOnly: false, resources: [resource] });
}

function configEntries(config: Readonly<Record<string, string>>) {
  return Object.entries(config).map(([name, value]) => ({ name, value }));
}

/** A group that is not there is deleted already. */
async function deleteGroup(admin: Admin, groupId: string): Promise<void> {
  try {
    await admin.deleteGroups([groupId]);
  } catch (error) {
    const causes = [error, (error as { cause?: unknown }).cause] as { groups?: { error?: { type?: string } }[] }[];
    const failed = causes.flatMap((one) => one?.groups ?? []);
    const absent = failed.length > 0 && failed.every((group) => group.error?.type === 'GROUP_ID_NOT_FOUND');
    if (!absent) throw error;
  }
}
