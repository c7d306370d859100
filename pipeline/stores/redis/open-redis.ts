import { Redis } from 'ioredis';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';

/** A command that is not answered by then fails as transient; far above what a busy server needs. */
const commandMs = 5_000;
const retryMaxMs = 1_000;

export interface OpenRedisOptions {
  readonly url: string;
  /** Seen in Redis' client list. */
  readonly name: string;
  readonly log: Logger;
}

/**
 * A connection for writers: reconnects for ever, and fails commands at once while it is away, since whoever
 * writes repeats by itself. Closed by whoever opened it.
 */
export function openRedis({ url, name, log }: OpenRedisOptions): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    commandTimeout: commandMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(50 * attempt, retryMaxMs),
  });
  redis.on('error', (error) => log.debug({ connection: name, error: messageOf(error) }, 'Redis connection'));
  return redis;
}
