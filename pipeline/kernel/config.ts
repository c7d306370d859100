import { z } from 'zod';
import { adminTokensSchema } from './admin-tokens.ts';
import { catalogPullSpec } from './catalog-pull-config.ts';
import { httpAccessProblems, httpAccessSpec } from './http-access.ts';
import { outboxUrlsSchema } from './outbox-urls.ts';
import { kafkaSecuritySpec, registrySecuritySpec, securityProblems } from './server-security.ts';
import { defaultSubmitTopics, submitTopicsSchema } from './submit-topics.ts';
import { parseVariables, refuseProblems, type ValuesOf } from './variables.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const count = z.coerce.number().int().min(1);
/** 0 stands for none. */
const limit = z.coerce.number().int().min(0);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Group id of the processes that keep the live state. */
export const liveGroupId = 'freshet';

/** Every environment variable: what it means and what it looks like. The README's table is made from this. */
export const configSpec = {
  FRESHET_POSTGRES_URL: {
    schema: z.string().regex(/^postgres(ql)?:\/\//),
    meaning: 'Postgres connection URL',
    example: 'postgres://freshet@127.0.0.1:5432/freshet',
  },
  FRESHET_KAFKA_BROKERS: {
    schema: z.string().min(3),
    meaning: 'Kafka bootstrap servers, comma separated',
    example: '127.0.0.1:9092',
  },
  ...kafkaSecuritySpec,
  FRESHET_KAFKA_TOPIC_PREFIX: {
    schema: z
      .string()
      .regex(/^[a-z0-9._-]*$/)
      .default(''),
    meaning: 'Put before topic names and group ids, so that installations can share a cluster',
    example: 'staging.',
  },
  FRESHET_REGISTRY_URL: {
    schema: z
      .string()
      .regex(/^https?:\/\//)
      .refine(URL.canParse, 'is no URL'),
    meaning: 'Schema registry, Confluent-compatible API',
    example: 'http://127.0.0.1:8081/apis/ccompat/v7',
  },
  ...registrySecuritySpec,
  FRESHET_REDIS_URL: {
    schema: z.string().regex(/^rediss?:\/\//),
    meaning: 'Redis connection URL',
    example: 'redis://127.0.0.1:6379/0',
  },
  FRESHET_HTTP_HOST: {
    schema: z.string().default('127.0.0.1'),
    meaning: 'Address the http role listens on',
    example: '0.0.0.0',
  },
  FRESHET_HTTP_PORT: {
    schema: port.default(8080),
    meaning: 'Port of the http role; 0 takes a free one',
    example: '8080',
  },
  ...httpAccessSpec,
  FRESHET_HTTP_CURSOR_KEY: {
    schema: z
      .string()
      .refine((text) => text === '' || text.length >= 32, 'must have 32 characters at least')
      .default(''),
    meaning:
      'Secret that signs the cursors of lists, the same in all processes that serve one address; without it each makes its own at start',
    example: 'a-long-random-text-of-32-characters-or-more',
  },
  FRESHET_SERVING_RETAINED_REQUESTS: {
    schema: limit.default(1_000),
    meaning:
      'Newest answers that a process can make again (GET /v1/requests/{request_id}), about 4 KiB each; 0 for none',
    example: '1000',
  },
  FRESHET_WORKER_METRICS_HOST: {
    schema: z.string().default('127.0.0.1'),
    meaning: 'Address workers serve metrics and health on',
    example: '0.0.0.0',
  },
  FRESHET_WORKER_METRICS_PORT: {
    schema: port.default(9108),
    meaning: 'Port workers serve metrics and health on; 0 takes a free one',
    example: '9108',
  },
  FRESHET_CONSUMER_AUTO_OFFSET_RESET: {
    schema: z.enum(['earliest', 'latest']).default('earliest'),
    meaning: 'Where a stage starts that has no stored offset',
    example: 'earliest',
  },
  FRESHET_CONSUMER_GROUP_ID: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ -')
      .default(liveGroupId)
      .transform((id) => (id === liveGroupId ? undefined : id)),
    meaning:
      'Another id than the live one makes this process build a state version of its own beside the live one; only for the roles aggregation and candidates',
    example: liveGroupId,
  },
  FRESHET_FEATURE_HISTORY_SIZE: {
    schema: z.coerce.number().int().min(1).max(1_000).optional(),
    meaning: 'Newest interactions kept a profile in state versions that are built from now on; 200 in the first',
    example: '200',
  },
  FRESHET_CONSUMER_BATCH_RECORDS: {
    schema: count.default(2_000),
    meaning: 'Most records a batch of a stage',
    example: '2000',
  },
  FRESHET_CONSUMER_BATCH_MS: {
    schema: z.coerce.number().int().min(0).max(1_000).default(0),
    meaning:
      'How long the broker may hold records back so that a batch of a stateful stage is fuller, milliseconds; it costs each event up to that',
    example: '50',
  },
  FRESHET_DLQ_LIMIT_RATIO: {
    schema: z.coerce.number().gt(0).max(1).default(0.2),
    meaning: 'Share of dead letters among the last 1,000 records that pauses a partition',
    example: '0.2',
  },
  FRESHET_DLQ_LIMIT_IN_A_ROW: {
    schema: count.default(100),
    meaning: 'Dead letters in a row that pause a partition',
    example: '100',
  },
  FRESHET_INGEST_QUEUE_EVENTS: {
    schema: count.default(20_000),
    meaning: 'Events that may wait for a group commit before ingest answers 503',
    example: '20000',
  },
  FRESHET_SUBMIT_TOPICS: {
    schema: submitTopicsSchema.prefault(defaultSubmitTopics),
    meaning: 'Topics that services hand events in by, each with its format (avro or json), comma separated; or none',
    example: defaultSubmitTopics,
  },
  FRESHET_INGEST_HELD_BYTES: {
    schema: z.coerce.number().int().min(1_048_576).default(67_108_864),
    meaning: 'Bytes of request bodies that ingest may hold before it answers 503; a request counts as 16 KiB at least',
    example: '67108864',
  },
  FRESHET_OUTBOX_MAX_UNPUBLISHED: {
    schema: limit.default(20_000_000),
    meaning: 'Unpublished outbox records above which nothing more is taken in; 0 for no limit',
    example: '20000000',
  },
  FRESHET_OUTBOX_MAX_AGE_MS: {
    schema: limit.default(0),
    meaning: 'Age of the oldest unpublished record above which nothing more is taken in, milliseconds; 0 for no limit',
    example: '86400000',
  },
  FRESHET_OUTBOX_MAX_BYTES: {
    schema: limit.default(0),
    meaning:
      'Bytes of the outbox on disk, published rows included, above which nothing more is taken in; 0 for no limit',
    example: '50000000000',
  },
  FRESHET_DATABASE_MAX_BYTES: {
    schema: limit.default(0),
    meaning:
      'Bytes of the whole database on disk above which nothing more is taken in; 0 for no limit. Leave room on the disk for WAL',
    example: '80000000000',
  },
  ...catalogPullSpec,
  FRESHET_UNKNOWN_ITEMS: {
    schema: z.enum(['accept', 'dead_letter']).default('accept'),
    meaning: 'What enrichment does with an interaction whose item the catalogue does not know',
    example: 'accept',
  },
  FRESHET_OUTBOX_RETENTION_HOURS: {
    schema: z.coerce.number().min(0).max(8_760).default(24),
    meaning:
      'How long published outbox rows are kept after their partition is full, hours; `outbox verify` can look back this far',
    example: '24',
  },
  FRESHET_OUTBOX_PARTITION_ROWS: {
    schema: z.coerce.number().int().min(1_000_000).max(1_000_000_000).default(20_000_000),
    meaning: 'Rows of each outbox partition created from now on; rows go away a partition at a time',
    example: '20000000',
  },
  FRESHET_OUTBOX_URLS: {
    schema: outboxUrlsSchema,
    meaning:
      'Postgres databases of services whose outboxes the relay role serves beside its own, connection URLs, comma separated',
    example: 'postgres://freshet@127.0.0.1:5432/orders',
  },
  FRESHET_RELAY_LEASE_MS: {
    schema: z.coerce.number().int().min(500).default(2_000),
    meaning: 'How long a relay holds a shard without renewing, milliseconds',
    example: '2000',
  },
  FRESHET_RELAY_PAGE_RECORDS: {
    schema: z.coerce.number().int().min(1).max(5_000).default(1_000),
    meaning: 'Records a relay page',
    example: '1000',
  },
  FRESHET_ADMIN_TOKENS: {
    schema: adminTokensSchema,
    meaning:
      'Operators who may use /admin: name and SHA-256 of their token (printf %s TOKEN | sha256sum), comma separated; without it there is no /admin',
    example: 'ann:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  },
  FRESHET_ADMIN_HOST: {
    schema: z.string().default('127.0.0.1'),
    meaning: 'Address /admin is served on',
    example: '10.0.0.5',
  },
  FRESHET_ADMIN_PORT: {
    schema: port.default(9109),
    meaning: 'Port /admin is served on; 0 takes a free one',
    example: '9109',
  },
  FRESHET_ADMIN_ON_HTTP_PORT: {
    schema: flag.default(false),
    meaning: 'Serve /admin on the port of the http role instead, where whoever reaches that reaches it',
    example: 'true',
  },
  FRESHET_HTTP_EMBEDDED_WORKERS: {
    schema: flag.default(false),
    meaning: 'Processes with the roles of http run all workers and the relay too',
    example: 'true',
  },
  FRESHET_RECO_METRICS_WINDOW_SEC: {
    schema: z.coerce.number().int().min(1).max(86_400).default(3_600),
    meaning: 'How far GET /metrics/reco looks back, seconds',
    example: '3600',
  },
  FRESHET_RECO_METRICS_MAX_SAMPLES: {
    schema: z.coerce.number().int().min(100).max(1_000_000).default(50_000),
    meaning: 'Requests that GET /metrics/reco keeps, 18 bytes each',
    example: '50000',
  },
  FRESHET_PROMETHEUS_METRICS_ENABLED: {
    schema: flag.default(true),
    meaning: 'Serve metrics for Prometheus',
    example: 'true',
  },
  FRESHET_LOG_LEVEL: {
    schema: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
    meaning: 'Least severe level that is logged',
    example: 'info',
  },
} as const;

export type Config = ValuesOf<typeof configSpec>;

/** Names that operators of comparable systems know, and what they mean here. */
export const configAliases: Readonly<Record<string, keyof typeof configSpec>> = {
  KAFKA_WORKER_AUTO_OFFSET_RESET: 'FRESHET_CONSUMER_AUTO_OFFSET_RESET',
  KAFKA_WORKER_GROUP_ID: 'FRESHET_CONSUMER_GROUP_ID',
  STREAM_FEATURE_HISTORY_SIZE: 'FRESHET_FEATURE_HISTORY_SIZE',
  API_EMBEDDED_WORKER_ENABLED: 'FRESHET_HTTP_EMBEDDED_WORKERS',
  RECO_METRICS_WINDOW_SEC: 'FRESHET_RECO_METRICS_WINDOW_SEC',
  RECO_METRICS_MAX_SAMPLES: 'FRESHET_RECO_METRICS_MAX_SAMPLES',
  WORKER_METRICS_HOST: 'FRESHET_WORKER_METRICS_HOST',
  WORKER_METRICS_PORT: 'FRESHET_WORKER_METRICS_PORT',
  PROMETHEUS_METRICS_ENABLED: 'FRESHET_PROMETHEUS_METRICS_ENABLED',
};

/** Variables of the command line and the stack driver, known but not part of a process's configuration. */
const foreign = new Set(['FRESHET_STACK', 'FRESHET_STACK_DIR']);

/** Parses the environment once; throws ConfigError. Unknown FRESHET_* variables are an error. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const given: Record<string, string | undefined> = {};
  for (const [alias, name] of Object.entries(configAliases)) if (env[alias] !== undefined) given[name] = env[alias];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('FRESHET_') || foreign.has(name)) continue;
    if (name in configSpec) given[name] = value;
    else problems.push(`${name}: unknown variable; see .env.example for those there are`);
  }
  const parsed = parseVariables(configSpec, given);
  problems.push(...parsed.problems);
  const config = parsed.values as Config;
  if (parsed.problems.length === 0) problems.push(...securityProblems(config), ...httpAccessProblems(config));
  refuseProblems(problems);
  return config;
}
