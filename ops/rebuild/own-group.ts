import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Config } from '../../pipeline/kernel/config.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Logger } from '../../pipeline/kernel/logger.ts';
import { untilAvailable } from '../../pipeline/kernel/retry.ts';
import { kafkaConnection } from '../../pipeline/kernel/server-connections.ts';
import { type Installation, withInstallation } from './installation.ts';
import { startRebuild } from './start.ts';
import { listVersions, type VersionRow } from './versions.ts';

const allowed: ReadonlySet<string> = new Set(['aggregation', 'candidates']);

export interface OwnGroupContext {
  readonly config: Config;
  readonly roles: ReadonlySet<string>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/**
 * A process with a consumer group id of its own builds a version of state under that name, from the earliest record or
 * from now on as FRESHET_CONSUMER_AUTO_OFFSET_RESET says; one that is there already is gone on with. Throws FreshetError
 * `group_id_refused` where the process has a role that keeps no version of its own. Waits while servers are away.
 */
export async function joinOwnGroup(context: OwnGroupContext): Promise<void> {
  const { config, roles, clock, random, log } = context;
  const groupId = config.FRESHET_CONSUMER_GROUP_ID;
  if (groupId === undefined) return;
  const others = [...roles].filter((role) => !allowed.has(role));
  if (others.length > 0) {
    throw new FreshetError(
      'group_id_refused',
      `FRESHET_CONSUMER_GROUP_ID=${groupId} builds a version of state of its own, which ${others.join(', ')} cannot: run with --roles aggregation,candidates`,
    );
  }
  const servers = {
    postgresUrl: config.FRESHET_POSTGRES_URL,
    kafka: kafkaConnection(config),
    redisUrl: config.FRESHET_REDIS_URL,
    topicPrefix: config.FRESHET_KAFKA_TOPIC_PREFIX,
  };
  const { signal } = new AbortController();
  await untilAvailable('the version of state of this group', { clock, random, log, signal }, () =>
    withInstallation(servers, (installation) => ensureVersion(installation, groupId, context)),
  );
}

async function ensureVersion(installation: Installation, groupId: string, context: OwnGroupContext): Promise<void> {
  const { log } = context;
  const known = (await listVersions(installation.database)).find((row) => row.groupId === groupId);
  if (known?.standing === 'retired' || known?.standing === 'retiring') {
    throw new FreshetError(
      'group_id_refused',
      `FRESHET_CONSUMER_GROUP_ID=${groupId}: its state version ${known.version} is ${known.standing}; take another id`,
    );
  }
  const row = known ?? (await startUnlessStarted(installation, groupId, context));
  log.info({ groupId, version: row.version, standing: row.standing }, 'works on a version of state of its own');
}

/** Of two processes of one group that start together, one makes the version and both work on it. */
async function startUnlessStarted(
  installation: Installation,
  groupId: string,
  { config, clock }: OwnGroupContext,
): Promise<VersionRow> {
  const historySize = config.FRESHET_FEATURE_HISTORY_SIZE;
  try {
    return await startRebuild(installation, {
      source: 'enriched',
      settings: historySize === undefined ? {} : { historySize },
      groupId,
      from: config.FRESHET_CONSUMER_AUTO_OFFSET_RESET,
      allowShorter: false,
      actor: { operator: `group ${groupId}`, reason: `started with FRESHET_CONSUMER_GROUP_ID=${groupId}` },
      now: clock.now(),
    });
  } catch (error) {
    const made = (await listVersions(installation.database)).find((row) => row.groupId === groupId);
    if (error instanceof FreshetError && error.code === 'rebuild_running' && made) return made;
    throw error;
  }
}
