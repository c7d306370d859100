import type { Redis } from 'ioredis';
import type { Feed, FeedEntry } from '../feed.ts';
import { available } from './available.ts';

const entriesAtOnce = 1_000;

/** Field names and values of one stream entry. */
export type StreamFields = Readonly<Record<string, string>>;

/** A Redis stream as a feed. `read` blocks the connection while it waits, so give it one of its own. */
export function createStreamFeed<E>(
  redis: Redis,
  key: string,
  parse: (fields: StreamFields) => E | undefined,
): Feed<E> {
  return {
    lastId: async () => (await edges(redis, key)).lastId,
    async read(afterId, waitMs) {
      const found = await available(redis.xread('COUNT', entriesAtOnce, 'BLOCK', waitMs, 'STREAMS', key, afterId));
      const entries = entriesOf(found).map(([id, flat]): FeedEntry<E> => ({ id, value: parse(fieldsOf(flat)) }));
      return { entries, ...(await edges(redis, key)) };
    },
  };
}

/** XINFO STREAM answers names and values in turn; a stream that is not there is an error of its own. */
async function edges(redis: Redis, key: string): Promise<{ firstId: string | undefined; lastId: string }> {
  const info = await redis.xinfo('STREAM', key).catch((error: unknown) => {
    if (error instanceof Error && error.message.includes('no such key')) return [];
    return available(Promise.reject(error));
  });
  const byName = pairs(info as readonly unknown[]);
  const first = byName.get('first-entry') as readonly [string, unknown] | null | undefined;
  return { firstId: first?.[0], lastId: String(byName.get('last-generated-id') ?? '0-0') };
}

type StreamReply = readonly (readonly [id: string, flat: readonly string[]])[];

/** One stream was asked for: the reply is [[key, entries]] in RESP2 and [key, entries] in RESP3's flat form. */
function entriesOf(reply: unknown): StreamReply {
  if (!Array.isArray(reply) || reply.length === 0) return [];
  const entries = Array.isArray(reply[0]) ? reply[0][1] : reply[1];
  return entries as StreamReply;
}

function pairs(flat: readonly unknown[]): Map<string, unknown> {
  const map = new Map<string, unknown>();
  for (let i = 0; i + 1 < flat.length; i += 2) map.set(String(flat[i]), flat[i + 1]);
  return map;
}

const fieldsOf = (flat: readonly string[]): StreamFields => Object.fromEntries(pairs(flat)) as StreamFields;
