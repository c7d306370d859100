import type { Message, Producer } from 'kafkajs';
import { applySchemas } from '../../ops/schemas/apply.ts';
import { checkoutRoot } from '../../ops/stack/paths.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { type Running, startAll } from '../../pipeline/kernel/component.ts';
import type { Config } from '../../pipeline/kernel/config.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createMetrics, type Metrics } from '../../pipeline/kernel/metrics.ts';
import type { RunnerStatus } from '../../pipeline/kernel/runner/options.ts';
import { type InstalledTopics, installedTopics } from '../../pipeline/main/installed-topics.ts';
import { intakeRole } from '../../pipeline/main/intake.ts';
import { openResources, type ProcessContext, type Resources } from '../../pipeline/main/resources.ts';
import { createPostgresProgress } from '../../pipeline/stores/postgres/progress.ts';
import type { DeadLetter } from '../../schemas/generated/dead-letter.v1.ts';
import type { InteractionRecorded } from '../../schemas/generated/interaction-recorded.v1.ts';
import { topics } from '../../schemas/topics.ts';
import { eventually } from './eventually.ts';
import { createWorkspace, type Workspace, type WorkspaceOptions } from './workspace.ts';

/** Part of an installation that ingest topics need: those topics, their dead letters, tables and schemas. */
export interface IntakePlace {
  readonly workspace: Workspace;
  readonly installed: InstalledTopics;
  readonly resources: Resources;
  /** kafkajs' own, for null keys, compression and headers. */
  send(topic: string, messages: Message[], compression?: number): Promise<void>;
  /** Outbox rows of recorded interactions, in the order they are published in. */
  recorded(): Promise<InteractionRecorded[]>;
  /** Dead letters in the outbox, in their order. */
  letters(): Promise<DeadLetter[]>;
  /** Waits until every record of every ingest topic has had its effect. */
  caughtUp(withinMs?: number): Promise<void>;
  close(): Promise<void>;
}

const quiet = createLogger('silent');

/** What a process is told of itself. */
const contextOf = (config: Config, instance: string) => ({
  config,
  log: quiet,
  metrics: createMetrics(),
  clock: systemClock,
  random: Math.random,
  instance,
  appVersion: 'test',
});

export async function createIntakePlace(options: Omit<WorkspaceOptions, 'topics'>): Promise<IntakePlace> {
  const workspace = await createWorkspace(options);
  const { config } = workspace;
  const installed = installedTopics(config.FRESHET_SUBMIT_TOPICS);
  const doors = installed.doors.map(({ topic }) => topic);
  const letters = installed.deadLetters.filter(({ name }) => doors.some((door) => name.startsWith(`${door.name}.`)));
  await workspace.createTopics([...doors, ...letters]);
  await applySchemas({
    registryUrl: config.FRESHET_REGISTRY_URL,
    root: checkoutRoot(),
    topics: installed.avro,
    log: quiet,
  });
  const resources = await openResources(contextOf(config, 'test'));
  const { codec, database, kafka, names, admin } = resources;
  let producer: Producer | undefined;
  const payloads = async (isWanted: (topic: string) => boolean): Promise<Buffer[]> => {
    const rows = await database.query<{ topic: string; payload: Buffer }>({
      text: 'SELECT topic, payload FROM outbox ORDER BY seq',
    });
    return rows.filter(({ topic }) => isWanted(topic)).map(({ payload }) => payload);
  };
  const decoded = async <V>(topic: Parameters<typeof codec.reader<V>>[0], bytes: Buffer): Promise<V> => {
    const result = await codec.reader(topic).read(bytes);
    if (!result.ok) throw new Error(result.message);
    return result.value;
  };
  return {
    workspace,
    installed,
    resources,
    async send(topic, messages, compression = 0) {
      producer ??= kafka.producer({ allowAutoTopicCreation: false });
      await producer.connect();
      await producer.send({ topic: names.topic(topic), messages, compression });
    },
    async recorded() {
      const rows = await payloads((topic) => topic === topics.interactionRecorded.name);
      return Promise.all(rows.map((bytes) => decoded(topics.interactionRecorded, bytes)));
    },
    async letters() {
      const [topic] = installed.deadLetters;
      if (topic === undefined) return [];
      return Promise.all((await payloads((name) => name.endsWith('.dlq'))).map((bytes) => decoded(topic, bytes)));
    },
    caughtUp: (withinMs = 30_000) =>
      eventually(
        async () => {
          const stored = await createPostgresProgress(database).list('intake');
          for (const { name } of doors) {
            for (const { partition, high } of await admin.offsets(name)) {
              const next = stored.find((row) => row.topic === name && row.partition === partition)?.nextOffset ?? 0n;
              if (next !== high) throw new Error(`${name}/${partition} is at ${next} of ${high}`);
            }
          }
        },
        { withinMs, everyMs: 50 },
      ),
    async close() {
      await producer?.disconnect();
      await resources.close();
      await workspace.close();
    },
  };
}

export interface RunningIntake {
  readonly metrics: Metrics;
  readonly failures: readonly unknown[];
  status(): RunnerStatus[];
  stop(): Promise<void>;
}

/** The role as a process runs it, until it reads its topics; `config` may lead it to its servers by other ways. */
export async function startIntake(config: Config, instance = 'intake'): Promise<RunningIntake> {
  const context = contextOf(config, instance);
  const failures: unknown[] = [];
  const stages = new Map<string, () => RunnerStatus>();
  const onStage: ProcessContext['onStage'] = (name, status) => {
    if (status) stages.set(name, status);
  };
  const resources = await openResources(context);
  const components = intakeRole({ ...context, onStage }, resources, { refusal: () => undefined });
  const running: Running = await startAll(components, quiet, (_, error) => void failures.push(error));
  const stop = async () => {
    await running.stop();
    await resources.close();
  };
  try {
    await eventually(
      () => {
        const why = running.unready?.();
        if (why !== undefined) throw new Error(`${why} ${failures.map(String)}`);
      },
      { withinMs: 30_000, everyMs: 50 },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { metrics: context.metrics, failures, status: () => [...stages.values()].map((status) => status()), stop };
}
