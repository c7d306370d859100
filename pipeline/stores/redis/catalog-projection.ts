import { randomUUID } from 'node:crypto';
import type { ChainableCommander, Redis } from 'ioredis';
import type { CatalogProjection, NamespaceConfig, ProjectedItem } from '../catalog.ts';
import { redisKeys } from './keys.ts';
import { pipelined } from './pipelined.ts';

/** Entries a feed keeps at least; a reader that falls behind further loads everything again. */
const feedEntries = 100_000;

/** Partitions of one namespace end their batches in any order, so the highest number only rises. */
const raise = `local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and tonumber(ARGV[2]) > tonumber(known) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end`;

const endItems = `if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[3] then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
local known = redis.call('HGET', KEYS[1], ARGV[1])
if not known or tonumber(ARGV[2]) > tonumber(known) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return 1`;

/** One connection runs commands in order: whoever hears of an item or of settings finds them. */
export function createRedisCatalogProjection(redis: Redis): CatalogProjection {
  return {
    async putItems(items) {
      await pipelined(redis, (pipeline) => putItems(pipeline, items));
    },
    async highestNumbers() {
      const [index] = await pipelined(redis, (pipeline) => pipeline.hgetall(redisKeys.itemIndex));
      return new Map(Object.entries(index as Record<string, string>).map(([namespace, n]) => [namespace, Number(n)]));
    },
    async beginItems(namespace) {
      const attempt = randomUUID();
      await pipelined(redis, (pipeline) => pipeline.hset(redisKeys.itemAttempts, namespace, attempt));
      return attempt;
    },
    async endItems(namespace, highest, attempt) {
      const keys = [redisKeys.itemIndex, redisKeys.itemAttempts];
      const [ended] = await pipelined(redis, (pipeline) =>
        pipeline.eval(endItems, 2, ...keys, namespace, highest, attempt),
      );
      return ended === 1;
    },
    async putConfig(config) {
      await pipelined(redis, (pipeline) => {
        for (const one of config) putNamespace(pipeline, one);
      });
    },
    async configuredNamespaces() {
      const [members] = await pipelined(redis, (pipeline) => pipeline.smembers(redisKeys.configIndex));
      return new Set(members as string[]);
    },
  };
}

function putItems(pipeline: ChainableCommander, items: readonly ProjectedItem[]): void {
  const chunks = new Map<string, string[]>();
  const highest = new Map<string, number>();
  for (const { namespace, number, attributes } of items) {
    const key = redisKeys.itemChunk(namespace, number);
    const fields = chunks.get(key) ?? [];
    fields.push(String(number), JSON.stringify(attributes));
    chunks.set(key, fields);
    highest.set(namespace, Math.max(number, highest.get(namespace) ?? 0));
  }
  for (const [key, fields] of chunks) pipeline.hset(key, ...fields);
  for (const [namespace, number] of highest) pipeline.eval(raise, 1, redisKeys.itemIndex, namespace, number);
  for (const { namespace, number, attributes } of items) {
    const entry = ['ns', namespace, 'n', String(number), 'item', JSON.stringify(attributes)];
    pipeline.xadd(redisKeys.itemFeed, 'MAXLEN', '~', feedEntries, '*', ...entry);
  }
}

function putNamespace(pipeline: ChainableCommander, { namespace, settings, rules }: NamespaceConfig): void {
  if (settings) pipeline.set(redisKeys.config(namespace), JSON.stringify(settings));
  else pipeline.del(redisKeys.config(namespace));
  if (rules.length > 0) pipeline.set(redisKeys.rules(namespace), JSON.stringify(rules));
  else pipeline.del(redisKeys.rules(namespace));
  // Never taken out: a server that loads everything has to hear of a namespace that has no configuration any more.
  pipeline.sadd(redisKeys.configIndex, namespace);
  pipeline.xadd(redisKeys.configFeed, 'MAXLEN', '~', feedEntries, '*', 'ns', namespace, 'kind', 'config');
}
