import type { ChainableCommander, Redis } from 'ioredis';
import { type PackedCandidate, packList, sourceBit } from '../../../pipeline/domain/packed-list.ts';
import { packProfile, tagHash } from '../../../pipeline/domain/packed-profile.ts';
import { packRecent } from '../../../pipeline/domain/packed-recent.ts';
import { createCandidateWriter } from '../../../pipeline/stores/redis/candidate-writer.ts';
import { createRedisCatalogProjection } from '../../../pipeline/stores/redis/catalog-projection.ts';
import { redisKeys } from '../../../pipeline/stores/redis/keys.ts';
import type { DataSet, KnownUser, Scored } from './data-set.ts';
import { blendDiversity, blendWeights, benchNamespace as namespace } from './population.ts';

export const stateVersion = 1;
const batchSize = 1_000;
/** Days since the epoch. */
const boughtOn = 20_000;
const liked = ['category:c1', 'category:c7', 'brand:b12', 'brand:b90', 'color:k3', 'color:k4'];
/** Longer than any bench. */
const recentMs = 6 * 3_600_000;

function* batches<T>(values: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < values.length; from += batchSize) yield values.slice(from, from + batchSize);
}

const candidatesOf = (list: readonly Scored[], sources: number, because: readonly number[]): PackedCandidate[] =>
  list.map(({ item, score }, rank) => ({ item, score, sources, because: because[rank % because.length] ?? 0 }));

function packUser({ list, reflects, session, locale, bought, dismissed, inCart }: KnownUser) {
  const causes = session.slice(-4).map(({ item }) => item);
  const candidates = candidatesOf(list, sourceBit('session-knn'), causes);
  return {
    list: packList({ computedAt: reflects.receivedAt, reflects, candidates }),
    profile: packProfile({
      segment: `list|${locale}`,
      locale,
      session,
      bought: bought.map((item) => ({ item, day: boughtOn })),
      dismissed,
      inCart,
      affinity: liked.map((tag) => ({ tag: tagHash(tag), weight: 100 })),
    }),
  };
}

async function sendAll(redis: Redis, fill: (pipeline: ChainableCommander) => void): Promise<void> {
  const pipeline = redis.pipeline();
  fill(pipeline);
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}

/** Writes the data set as the product's own projections do. */
export async function fillForServing(redis: Redis, data: DataSet): Promise<void> {
  const catalogue = createRedisCatalogProjection(redis);
  const writer = createCandidateWriter(redis);
  const attempt = await catalogue.beginItems(namespace);
  for (const page of batches([...data.items.entries()])) {
    await catalogue.putItems(page.map(([i, attributes]) => ({ namespace, number: i + 1, attributes })));
  }
  await catalogue.endItems(namespace, data.items.length, attempt);
  const plain = (list: readonly Scored[], source: 'similar' | 'popular') =>
    packList({ computedAt: 0, reflects: undefined, candidates: candidatesOf(list, sourceBit(source), []) });
  for (const page of batches([...data.similar.entries()])) {
    const lists = page.map(([i, list]) => ({ namespace, item: i + 1, list: plain(list, 'similar') }));
    await writer.saveSimilar(stateVersion, lists);
  }
  for (const page of batches(data.users)) {
    const known = page.flatMap(({ userId, known: user }) => (user ? { namespace, userId, ...packUser(user) } : []));
    await writer.saveUsers(stateVersion, known);
    await sendAll(redis, (pipeline) => {
      for (const { userId, recent } of page) {
        if (recent.length > 0) pipeline.set(redisKeys.recent(namespace, userId), packRecent(recent), 'PX', recentMs);
      }
    });
  }
  const surfaces = { list: {}, blend: { blend: blendWeights, diversity: blendDiversity } };
  await catalogue.putConfig([{ namespace, settings: { revision: 1, body: { surfaces } }, rules: [] }]);
  const popular = [...data.popular].map(([segment, list]) => ({ namespace, segment, list: plain(list, 'popular') }));
  await writer.savePopular(stateVersion, popular);
  await writer.announce(stateVersion);
  await writer.assertActive(stateVersion, await writer.active());
}

/** Keys of the peer: a sorted set a list, JSON for everything else. */
export const naiveKeys = {
  list: (userId: string) => `naive:list:${userId}`,
  profile: (userId: string) => `naive:profile:${userId}`,
  recent: (userId: string) => `naive:recent:${userId}`,
  item: (itemId: string) => `naive:item:${itemId}`,
  similar: (itemId: string) => `naive:similar:${itemId}`,
  popular: (segment: string) => `naive:popular:${segment}`,
} as const;

/** The same for the peer. */
export async function fillForPeer(redis: Redis, data: DataSet): Promise<void> {
  const idOf = (number: number) => data.items[number - 1]?.itemId as string;
  const members = (list: readonly Scored[]) => list.flatMap(({ item, score }) => [score, idOf(item)]);
  for (const page of batches([...data.items.entries()])) {
    await sendAll(redis, (pipeline) => {
      for (const [i, item] of page) {
        pipeline.set(naiveKeys.item(item.itemId), JSON.stringify(item));
        pipeline.zadd(naiveKeys.similar(item.itemId), ...members(data.similar[i] ?? []));
      }
    });
  }
  for (const page of batches(data.users)) {
    await sendAll(redis, (pipeline) => {
      for (const { userId, known, recent } of page) {
        const events = recent.map(({ item, ...rest }) => JSON.stringify({ itemId: idOf(item), ...rest }));
        if (events.length > 0) pipeline.rpush(naiveKeys.recent(userId), ...events);
        if (!known) continue;
        const { list, session, bought, dismissed, inCart, locale, reflects } = known;
        pipeline.zadd(naiveKeys.list(userId), ...members(list));
        const lists = { session: session.map(({ item }) => item), bought, dismissed, inCart };
        const named = Object.entries(lists).map(([name, numbers]) => [name, numbers.map(idOf)]);
        pipeline.set(naiveKeys.profile(userId), JSON.stringify({ locale, reflects, ...Object.fromEntries(named) }));
      }
    });
  }
  await sendAll(redis, (pipeline) => {
    for (const [segment, list] of data.popular) pipeline.zadd(naiveKeys.popular(segment), ...members(list));
  });
}
