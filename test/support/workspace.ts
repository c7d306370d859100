import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { deleteTopics } from '../../ops/stack/areas.ts';
import { type StackUrls, stackEnvironment } from '../../ops/stack/stack.ts';
import { type Config, type configSpec, parseConfig } from '../../pipeline/kernel/config.ts';
import type { CatalogueTopic } from '../../schemas/topic.ts';
import { createTestDatabase, dropTestDatabase } from './test-database.ts';
import { clearTestRedis, createTestRedis } from './test-redis.ts';
import { createTestTopics } from './test-topics.ts';

export interface WorkspaceOptions {
  /** Short, lower case: it is seen in the names of the database, topics and groups. */
  readonly name: string;
  /** Topics to create; none by default, for each takes time. */
  readonly topics?: readonly CatalogueTopic[];
  /** False leaves the database empty. */
  readonly migrated?: boolean;
  readonly env?: { readonly [K in keyof typeof configSpec]?: string };
  /** By default those of the test run. */
  readonly stack?: StackUrls;
  readonly runId?: string;
}

/** A part of the shared servers that belongs to one test file. */
export interface Workspace {
  readonly config: Config;
  /** The variables that `config` was made from, for processes that a test starts. */
  readonly env: Readonly<Record<string, string>>;
  createTopics(topics: readonly CatalogueTopic[]): Promise<void>;
  /** Drops database, topics and groups; connections still open are cut. */
  close(): Promise<void>;
}

/** An own migrated database, an own topic and group prefix and an own, empty Redis database. */
export async function createWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const { name, topics = [], migrated = true, stack = inject('stack'), runId = inject('runId') } = options;
  const unique = `${name}-${randomBytes(3).toString('hex')}`;
  const database = `freshet_test_${runId}_${unique}`.replaceAll('-', '_');
  const prefix = `t.${runId}.${unique}.`;
  const [postgresUrl, redisUrl] = await Promise.all([
    createTestDatabase({ postgresUrl: stack.postgresUrl, name: database, migrated }),
    createTestRedis(stack),
  ]);
  const env = {
    ...stackEnvironment({ ...stack, postgresUrl, redisUrl }),
    FRESHET_KAFKA_TOPIC_PREFIX: prefix,
    FRESHET_HTTP_PORT: '0',
    FRESHET_WORKER_METRICS_PORT: '0',
    FRESHET_ADMIN_PORT: '0',
    FRESHET_LOG_LEVEL: 'warn',
    ...options.env,
  };
  const config = parseConfig(env);
  const createTopics = (wanted: readonly CatalogueTopic[]) => createTestTopics(config, wanted);
  if (topics.length > 0) await createTopics(topics);
  return {
    config,
    env,
    createTopics,
    async close() {
      await Promise.all([
        dropTestDatabase(stack.postgresUrl, database),
        clearTestRedis(redisUrl),
        deleteTopics(stack.kafkaBrokers, (one) => one.startsWith(prefix)),
      ]);
    },
  };
}
