import { Redis, type RedisOptions } from 'ioredis';
import { topics } from '../../../schemas/topics.ts';
import type { Component } from '../../kernel/component.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { ConfigReader, ItemReader, ListReader, PopularReader, RefreshRequests } from '../serving.ts';
import { createConfigReader } from './config-reader.ts';
import { createItemReader } from './item-reader.ts';
import { createListReader } from './list-reader.ts';
import { createPopularReader } from './popular-reader.ts';
import { createRefreshRequests } from './refresh-queue.ts';

/** A list asked of Redis later than this comes from a fallback; far above what a busy process needs. */
const requestMs = 500;
/** Longest silence while an answer is due; longer than any look at a feed blocks. */
const silenceMs = 3_000;
const retryMaxMs = 1_000;

/** A Redis that is away is told at once, never queued for: requests have fallbacks, feeds wait by themselves. */
const failSoon = {
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  socketTimeout: silenceMs,
  retryStrategy: (attempt: number) => Math.min(50 * attempt, retryMaxMs),
} satisfies RedisOptions;

export interface ServingConnections {
  readonly lists: ListReader;
  readonly items: ItemReader;
  readonly configReader: ConfigReader;
  readonly popular: PopularReader;
  readonly refreshes: RefreshRequests;
  /** Opens and closes the connections; started before whatever reads, stopped after it. */
  readonly component: Component;
}

/**
 * What serving reads, over connections of its own: one for requests, and one for each feed, because a
 * look at a feed blocks its connection. A Redis that is away at start is no fault: it is tried for ever.
 */
export function createServingConnections({ url, log }: { url: string; log: Logger }): ServingConnections {
  const open = (name: string, options: { commandTimeout?: number; enableAutoPipelining?: boolean } = {}) => {
    const redis = new Redis(url, { ...failSoon, connectionName: `freshet-serving-${name}`, ...options });
    redis.on('error', (error) => log.debug({ connection: name, error: messageOf(error) }, 'Redis connection'));
    return redis;
  };
  const requests = open('requests', { commandTimeout: requestMs, enableAutoPipelining: true });
  const items = open('items');
  const config = open('config');
  const popular = open('popular');
  const all = [requests, items, config, popular];
  return {
    lists: createListReader(requests),
    items: createItemReader(items),
    configReader: createConfigReader(config),
    popular: createPopularReader(popular),
    refreshes: createRefreshRequests({ redis: requests, partitionCount: topics.profileUpdated.partitions }),
    component: {
      name: 'serving-redis',
      async start() {
        // A first attempt that fails is repeated in the background; readers tell what is away.
        await Promise.allSettled(all.map((redis) => redis.connect()));
        return {
          async stop() {
            for (const redis of all) redis.disconnect();
          },
        };
      },
    },
  };
}
