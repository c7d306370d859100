import { unpackList } from '../../pipeline/domain/packed-list.ts';
import type { PopularKey, PopularReader } from '../../pipeline/stores/serving.ts';
import type { ActiveVersion } from '../active-version.ts';
import type { PopularityView } from '../popularity-view.ts';
import { type FeedEnvironment, type FeedFollower, followFeed } from './follow-feed.ts';

/**
 * Keeps popular lists of the active state version in memory, and notices a new active version also
 * where no request does. A flushed Redis leaves the lists in memory until they are written again.
 */
export function popularityFeed(
  reader: PopularReader,
  view: PopularityView,
  active: ActiveVersion,
  environment: FeedEnvironment,
): FeedFollower {
  const { log, metrics } = environment;
  let version = active.current;
  const read = async (key: PopularKey) => {
    const bytes = await reader.list(version, key);
    if (bytes === null) return view.set(version, key.namespace, key.segment, undefined);
    try {
      view.set(version, key.namespace, key.segment, unpackList(bytes).candidates);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      log.error({ namespace: key.namespace, problem: error.message }, 'popular list not understood');
      metrics.servingUndecodable.inc({ kind: 'popular' });
    }
  };
  return followFeed(
    {
      name: 'popularity',
      async feed() {
        active.observe(await reader.active());
        version = active.current;
        return reader.feed(version);
      },
      async load() {
        for (const key of await reader.keys(version)) await read(key);
        view.keepOnly(version);
      },
      async apply(changes) {
        const keys = new Map(changes.map((key) => [`${key.namespace} ${key.segment}`, key]));
        for (const key of keys.values()) await read(key);
      },
    },
    environment,
  );
}
