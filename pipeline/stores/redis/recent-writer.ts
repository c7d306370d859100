import type { Redis } from 'ioredis';
import { typeNumber } from '../../domain/interaction-type.ts';
import { packRecent, recentEntryBytes, recentLimit } from '../../domain/packed-recent.ts';
import type { Clock } from '../../kernel/clock.ts';
import { settlesWithin } from '../../kernel/deadline.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { ItemNumbers } from '../item-number.ts';
import type { RecentEvents, RecentInteraction } from '../recent-events.ts';
import { redisKeys } from './keys.ts';

const keptForMs = 15 * 60_000;
const keptBytes = recentLimit * recentEntryBytes;

/** Interactions on their way at a time; beyond that Redis is away or behind, and more would only pile up. */
const pendingLimit = 10_000;

/** Longest wait of an answer for its events to be seen; Redis takes 1 ms, an item's first look-up a few more. */
const waitMs = 50;

/** Appends and trims in one step. A value whose length is no multiple of an entry's is not ours: it is replaced. */
const script = `
  local kept = redis.call('GET', KEYS[1]) or ''
  if #kept % ${recentEntryBytes} ~= 0 then kept = '' end
  kept = kept .. ARGV[1]
  if #kept > ${keptBytes} then kept = string.sub(kept, -${keptBytes}) end
  redis.call('SET', KEYS[1], kept, 'PX', ${keptForMs})`;

export interface RecentWriterOptions {
  /** A connection of its own, with `enableOfflineQueue: false`. It belongs to whoever made it. */
  readonly redis: Redis;
  readonly items: ItemNumbers;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'ingestRecent'>;
  readonly log: Logger;
}

/** In the order given, grouped by what `keyOf` says. */
function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return [...groups.values()];
}

/** Recent interactions in Redis, one packed string a user. */
export function createRecentWriter({ redis, items, clock, metrics, log }: RecentWriterOptions): RecentEvents {
  redis.defineCommand('appendRecent', { numberOfKeys: 1, lua: script });
  const appendRecent = (
    redis as unknown as { appendRecent(key: string, packed: Buffer): Promise<unknown> }
  ).appendRecent.bind(redis);
  let pending = 0;

  async function writeUser(
    events: readonly RecentInteraction[],
    numbers: ReadonlyMap<string, number>,
  ): Promise<number> {
    const [first] = events;
    const known = events.flatMap(({ itemId, type, occurredAt }) => {
      const item = numbers.get(itemId);
      return item === undefined ? [] : [{ item, type: typeNumber(type), occurredAt }];
    });
    if (first && known.length > 0)
      await appendRecent(redisKeys.recent(first.namespace, first.userId), packRecent(known));
    return known.length;
  }

  async function writeNamespace(events: readonly RecentInteraction[]): Promise<void> {
    const numbers = await items.resolve(
      events[0]?.namespace ?? '',
      events.map(({ itemId }) => itemId),
    );
    const users = groupBy(events, ({ userId }) => userId);
    const counts = await Promise.all(users.map((user) => writeUser(user, numbers)));
    const written = counts.reduce((sum, count) => sum + count, 0);
    metrics.ingestRecent.inc({ result: 'written' }, written);
    metrics.ingestRecent.inc({ result: 'unknown_item' }, events.length - written);
  }

  function start(events: readonly RecentInteraction[]): Promise<void> {
    pending += events.length;
    return writeNamespace(events)
      .catch((error: unknown) => {
        metrics.ingestRecent.inc({ result: 'failed' }, events.length);
        log.debug({ error: messageOf(error) }, 'recent events not written');
      })
      .finally(() => {
        pending -= events.length;
      });
  }
  return {
    async append(interactions) {
      const canWrite = redis.status === 'ready' && pending + interactions.length <= pendingLimit;
      if (!canWrite) metrics.ingestRecent.inc({ result: 'dropped' }, interactions.length);
      else {
        const written = groupBy(interactions, ({ namespace }) => namespace).map(start);
        await settlesWithin(clock, waitMs, Promise.all(written));
      }
    },
  };
}
