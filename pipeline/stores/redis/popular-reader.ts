import type { Redis } from 'ioredis';
import type { Feed } from '../feed.ts';
import type { PopularKey, PopularReader } from '../serving.ts';
import { available, versionOf } from './available.ts';
import { redisKeys } from './keys.ts';
import { createStreamFeed } from './stream-feed.ts';

/** Reads popular lists and their feeds. The connection belongs to whoever made it, and blocks while waiting. */
export function createPopularReader(redis: Redis): PopularReader {
  const feeds = new Map<number, Feed<PopularKey>>();
  return {
    feed(version) {
      const feed =
        feeds.get(version) ??
        createStreamFeed(redis, redisKeys.feed(version), ({ ns, segment }) =>
          ns === undefined || segment === undefined ? undefined : { namespace: ns, segment },
        );
      feeds.set(version, feed);
      return feed;
    },
    async keys(version) {
      const members = await available(redis.smembers(redisKeys.popularIndex(version)));
      return members.flatMap((member) => {
        const space = member.indexOf(' ');
        return space < 1 ? [] : [{ namespace: member.slice(0, space), segment: member.slice(space + 1) }];
      });
    },
    list: (version, { namespace, segment }) =>
      available(redis.getBuffer(redisKeys.popular(version, namespace, segment))),
    active: async () => versionOf(await available(redis.get(redisKeys.active))),
    async versions() {
      const members = await available(redis.smembers(redisKeys.versions));
      return members.flatMap((member) => versionOf(member) ?? []);
    },
  };
}
