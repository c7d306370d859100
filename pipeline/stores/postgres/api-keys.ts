import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import { createPolling } from '../../kernel/polling.ts';
import type { ApiKey, ApiKeys } from '../api-key.ts';
import { apiKeyColumns } from './api-key-rows.ts';
import type { Queryable } from './database.ts';

export interface ApiKeysOptions {
  /** Its statements must be limited in time: one that hangs would hide a revocation. */
  readonly db: Queryable;
  readonly clock: Clock;
  readonly log: Logger;
}

const refreshMs = 1_000;

/**
 * The table, read whole each second: it has one small row a key that is in force. While Postgres is away the keys
 * that were read last stay valid until they expire.
 */
export function createApiKeys({ db, clock, log }: ApiKeysOptions): {
  readonly keys: ApiKeys;
  readonly component: Component;
} {
  let keys: ReadonlyMap<string, ApiKey> | undefined;
  let isAway = false;

  const refresh = async () => {
    try {
      const rows = await db.query<ApiKey>({
        name: 'api-keys',
        text: `SELECT ${apiKeyColumns} FROM api_key
                WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())`,
      });
      keys = new Map(rows.map((key) => [key.id, key]));
      if (isAway) log.info({ keys: keys.size }, 'API keys are read again');
      isAway = false;
    } catch (error) {
      if (!isAway) log.warn({ error: messageOf(error) }, 'API keys not read, those known stay valid; trying again');
      isAway = true;
    }
  };
  return {
    keys: { find: (id) => keys?.get(id), isLoaded: () => keys !== undefined },
    component: createPolling({
      name: 'api-keys',
      everyMs: refreshMs,
      clock,
      refresh,
      unready: () => (keys === undefined ? 'API keys were not read yet' : undefined),
    }),
  };
}
