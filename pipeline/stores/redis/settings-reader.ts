import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { SettingsReader } from '../serving.ts';
import { available } from './available.ts';
import { redisKeys } from './keys.ts';
import { createStreamFeed } from './stream-feed.ts';

const stored = z.object({ revision: z.number(), body: z.unknown() });

/** Reads namespace settings and their feed. The connection belongs to whoever made it, and blocks while waiting. */
export function createSettingsReader(redis: Redis): SettingsReader {
  return {
    feed: createStreamFeed(redis, redisKeys.configFeed, ({ ns, kind }) =>
      ns === undefined || kind === undefined ? undefined : { namespace: ns, kind },
    ),
    namespaces: () => available(redis.smembers(redisKeys.configIndex)),
    async settings(namespace) {
      const text = await available(redis.get(redisKeys.config(namespace)));
      if (text === null) return undefined;
      try {
        return stored.parse(JSON.parse(text));
      } catch {
        return 'unreadable';
      }
    },
  };
}
