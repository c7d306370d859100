import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { ConfigReader } from '../serving.ts';
import { available } from './available.ts';
import { redisKeys } from './keys.ts';
import { createStreamFeed } from './stream-feed.ts';

const settings = z.object({ revision: z.number(), body: z.unknown() });
const rules = z.array(z.object({ id: z.string(), revision: z.number(), body: z.unknown() }));

/** Reads namespace settings, rules and their feed. The connection belongs to whoever made it, and blocks while waiting. */
export function createConfigReader(redis: Redis): ConfigReader {
  return {
    feed: createStreamFeed(redis, redisKeys.configFeed, ({ ns }) => (ns === undefined ? undefined : { namespace: ns })),
    namespaces: () => available(redis.smembers(redisKeys.configIndex)),
    async settings(namespace) {
      const text = await available(redis.get(redisKeys.config(namespace)));
      return text === null ? undefined : parsed(text, settings);
    },
    async rules(namespace) {
      const text = await available(redis.get(redisKeys.rules(namespace)));
      return text === null ? [] : parsed(text, rules);
    },
  };
}

function parsed<S extends z.ZodType>(text: string, schema: S): z.output<S> | 'unreadable' {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return 'unreadable'; // not what the projection writes
  }
}
