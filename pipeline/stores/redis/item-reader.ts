import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { ItemChange, ItemReader } from '../serving.ts';
import { available } from './available.ts';
import { redisKeys } from './keys.ts';
import { createStreamFeed } from './stream-feed.ts';

const highestNumber = 2 ** 32 - 1;

/** ItemAttributes as the catalogue projection writes them; a newer writer's extra fields are let pass. */
const attributes = z.object({
  itemId: z.string().min(1),
  available: z.boolean(),
  archivedAt: z.number().nullable(),
  price: z.string().nullable(),
  currency: z.string().nullable(),
  tags: z.array(z.string()),
  parentId: z.string().nullable().default(null), // absent where an older writer wrote it
  publishedAt: z.number().nullable().default(null),
});

/** Reads item attributes and their feed. The connection belongs to whoever made it, and blocks while waiting. */
export function createItemReader(redis: Redis): ItemReader {
  return {
    feed: createStreamFeed(redis, redisKeys.itemFeed, ({ ns, n, item }) => changeOf(ns, n, item)),
    async highest() {
      const index = await available(redis.hgetall(redisKeys.itemIndex));
      return new Map(Object.entries(index).map(([namespace, number]) => [namespace, Number(number)]));
    },
    async chunk(namespace, number) {
      const fields = Object.entries(await available(redis.hgetall(redisKeys.itemChunk(namespace, number))));
      const items = fields.flatMap(([n, item]) => changeOf(namespace, n, item) ?? []);
      return { items, unreadable: fields.length - items.length };
    },
  };
}

function changeOf(namespace?: string, numberText?: string, json?: string): ItemChange | undefined {
  const number = Number(numberText ?? Number.NaN);
  const isNumber = Number.isInteger(number) && number > 0 && number <= highestNumber;
  if (!isNumber || namespace === undefined || json === undefined) return undefined;
  const parsed = attributes.safeParse(parseJson(json));
  return parsed.success ? { namespace, number, item: parsed.data } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told from a good value by the schema
  }
}
