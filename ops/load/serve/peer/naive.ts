import type { Redis } from 'ioredis';
import type { ItemAttributes } from '../../../../pipeline/domain/item-attributes.ts';
import { naiveKeys as keys } from '../fill.ts';

interface Profile {
  readonly locale: string;
  readonly reflects: { readonly eventId: string; readonly receivedAt: number; readonly occurredAt: number };
  readonly session: readonly string[];
  readonly bought: readonly string[];
  readonly dismissed: readonly string[];
  readonly inCart: readonly string[];
}

interface Event {
  readonly itemId: string;
  readonly type: number;
  readonly occurredAt: number;
}

interface Scored {
  readonly itemId: string;
  readonly score: number;
}

export interface NaiveRequest {
  readonly userId: string;
  readonly surface: string;
  readonly limit: number;
  readonly requestId: string;
}

const [add, purchase, dismiss] = [2, 3, 8];
const longest = 150;

function pairs(flat: readonly string[]): Scored[] {
  return flat.flatMap((itemId, i) => (i % 2 === 0 ? { itemId, score: Number(flat[i + 1]) } : []));
}

const ranked = async (redis: Redis, key: string): Promise<Scored[]> =>
  pairs(await redis.zrevrange(key, 0, longest - 1, 'WITHSCORES'));

function unwantedBy(profile: Profile | undefined, recent: readonly Event[]): ReadonlySet<string> {
  const { session = [], bought = [], dismissed = [], inCart = [] } = profile ?? {};
  const cart = new Set(inCart);
  const unwanted = new Set([...session, ...bought, ...dismissed]);
  for (const { itemId, type } of recent) {
    unwanted.add(itemId);
    if (type === add) cart.add(itemId);
    if (type === purchase) cart.delete(itemId);
    if (type === dismiss) unwanted.add(itemId);
  }
  return new Set([...unwanted, ...cart]);
}

async function continued(redis: Redis, recent: readonly Event[]): Promise<Scored[]> {
  const latest = recent.toSorted((a, b) => b.occurredAt - a.occurredAt).map(({ itemId }) => itemId);
  const anchors = [...new Set(latest)].slice(0, 5);
  const lists = await Promise.all(anchors.map((anchor) => ranked(redis, keys.similar(anchor))));
  const sums = new Map<string, number>();
  lists.forEach((list, place) => {
    const weight = (anchors.length - place) / anchors.length;
    for (const { itemId, score } of list) sums.set(itemId, (sums.get(itemId) ?? 0) + weight * score);
  });
  return [...sums]
    .map(([itemId, score]) => ({ itemId, score }))
    .sort((a, b) => b.score - a.score || (a.itemId < b.itemId ? -1 : 1));
}

/** What one writes first: sorted sets for lists, a JSON document an item, filters from the documents. */
export async function recommendNaively(redis: Redis, { userId, surface, limit, requestId }: NaiveRequest) {
  const [list, profileText, recentTexts] = await Promise.all([
    ranked(redis, keys.list(userId)),
    redis.get(keys.profile(userId)),
    redis.lrange(keys.recent(userId), 0, -1),
  ]);
  const profile = profileText === null ? undefined : (JSON.parse(profileText) as Profile);
  const recent = recentTexts.map((text) => JSON.parse(text) as Event);
  const unwanted = unwantedBy(profile, recent);
  const kept = new Map<string, Scored & { level: string }>();
  const keep = async (level: string, offered: readonly Scored[]): Promise<void> => {
    if (offered.length === 0 || kept.size >= limit) return;
    const texts = await redis.mget(offered.map(({ itemId }) => keys.item(itemId)));
    offered.forEach(({ itemId, score }, i) => {
      const text = texts[i];
      if (kept.size >= limit || kept.has(itemId) || unwanted.has(itemId) || text == null) return;
      const { available, archivedAt } = JSON.parse(text) as ItemAttributes;
      if (available && (archivedAt === null || archivedAt > Date.now())) kept.set(itemId, { itemId, score, level });
    });
  };
  await keep('personal', list);
  if (kept.size === 0 && recent.length > 0) await keep('session', await continued(redis, recent));
  for (const segment of [`${surface}|${profile?.locale ?? ''}`, '|']) {
    if (kept.size >= limit) break;
    await keep(segment === '|' ? 'global_popular' : 'segment_popular', await ranked(redis, keys.popular(segment)));
  }
  const items = [...kept.values()];
  const reflects = profile?.reflects;
  return {
    request_id: requestId,
    items: items.map(({ itemId, score, level }, i) => ({ item_id: itemId, score, position: i + 1, sources: [level] })),
    generated_at: Date.now(),
    reflects: reflects && { event_id: reflects.eventId, received_at: reflects.receivedAt },
    fallback_level: items[0]?.level ?? 'none',
  };
}
