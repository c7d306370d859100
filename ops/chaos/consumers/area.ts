import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { type Config, parseConfig } from '../../../pipeline/kernel/config.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../pipeline/kernel/metrics.ts';
import { openResources, type Resources } from '../../../pipeline/main/resources.ts';
import { installInto } from '../../demo/install.ts';
import { databaseUrl, withAdmin } from '../../stack/areas.ts';
import { checkoutRoot } from '../../stack/paths.ts';
import { type ServerUrls, stackEnvironment } from '../../stack/urls.ts';
import type { ReferenceLimits } from './reference.ts';

export const stateVersion = 1;

/** Small, so that a few thousand events meet every cut; frozen in the version before the first event. */
export const limits: ReferenceLimits = {
  sessionGapMs: 1_800_000,
  sessionItemCap: 12,
  historySize: 20,
  affinityDays: 4,
  affinityLimit: 30,
  itemSetLimit: 6,
};

export interface ConsumersArea {
  readonly env: Readonly<Record<string, string>>;
  readonly config: Config;
  /** Connections of the run's own, so that faults of the workers' are not felt. */
  readonly resources: Resources;
  close(): Promise<void>;
}

/** An empty database, topics and schemas under a name of their own on servers that run. */
export async function openConsumersArea(urls: ServerUrls, name: string): Promise<ConsumersArea> {
  const postgresUrl = databaseUrl(urls.postgresUrl, name);
  await withAdmin(urls.postgresUrl, (client) => client.query(`CREATE DATABASE ${name}`));
  const env = {
    ...stackEnvironment({ ...urls, postgresUrl }),
    FRESHET_KAFKA_TOPIC_PREFIX: `${name}.`,
    FRESHET_HTTP_PORT: '0',
    FRESHET_WORKER_METRICS_PORT: '0',
    FRESHET_LOG_LEVEL: 'info',
    // Small batches: a round of seconds has many of them, and whatever is cut short is in the middle of one.
    FRESHET_CONSUMER_BATCH_RECORDS: '200',
  };
  const config = parseConfig(env);
  const log = createLogger('silent');
  await installInto(config, { root: checkoutRoot(), log });
  const resources = await openResources({
    config,
    log,
    metrics: createMetrics(),
    clock: systemClock,
    random: Math.random,
    instance: 'chaos',
    appVersion: 'chaos',
  });
  await resources.database.query({
    text: 'UPDATE state_version SET settings = $2 WHERE version = $1',
    values: [stateVersion, JSON.stringify(limits)],
  });
  return { env, config, resources, close: () => resources.close() };
}
