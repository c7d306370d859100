import { unpackList } from '../../pipeline/domain/packed-list.ts';
import { TransientError } from '../../pipeline/kernel/errors.ts';
import type { PopularKey, PopularReader } from '../../pipeline/stores/serving.ts';
import type { ActiveVersion } from '../active-version.ts';
import type { PopularityView } from '../popularity-view.ts';
import { type FeedEnvironment, type FeedFollower, followFeed } from './follow-feed.ts';

/** How soon a version is known that lists may be answered from, or are now, where no request has noticed it. */
const everyMs = 500;

export interface PopularityFeed extends FeedFollower {
  /** Versions whose popular lists are in memory: a promotion to one of them leaves no request without. */
  versions(): readonly number[];
}

interface Followed {
  readonly feed: FeedFollower;
  readonly running: Promise<{ stop(): Promise<void> }>;
}

/**
 * Keeps popular lists in memory, of the active state version and of every other one whose lists are whole: what is
 * promoted or rolled back to must be there before. A flushed Redis leaves the active version's lists in memory until
 * they are written again.
 */
export function popularityFeed(
  reader: PopularReader,
  view: PopularityView,
  active: ActiveVersion,
  environment: FeedEnvironment,
): PopularityFeed {
  const { clock } = environment;
  const followed = new Map<number, Followed>();
  const isLoaded = (version: number) => followed.get(version)?.feed.loaded() ?? false;
  let wasLoaded = false;
  const loaded = () => {
    wasLoaded ||= isLoaded(active.current);
    return wasLoaded;
  };
  const end = async (version: number, { running }: Followed) => {
    followed.delete(version);
    await (await running).stop();
    view.drop(version);
  };
  /** While Redis is away nothing changes; where it was never heard of, what is answered from is waited for. */
  const wanted = async (): Promise<ReadonlySet<number>> => {
    try {
      active.observe(await reader.active());
      return new Set([active.current, ...(await reader.versions())]);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      return followed.size === 0 ? new Set([active.current]) : new Set(followed.keys());
    }
  };
  const follow = async (fail: (error: unknown) => void) => {
    const versions = await wanted();
    for (const [version, one] of followed) if (!versions.has(version)) await end(version, one);
    for (const version of versions) {
      if (followed.has(version)) continue;
      const feed = versionFeed(reader, view, version, environment);
      followed.set(version, { feed, running: feed.start(fail) });
    }
  };
  return {
    name: 'popularity-feed',
    loaded,
    versions: () => [...followed.keys()].filter(isLoaded).sort((a, b) => a - b),
    async start(fail) {
      const stopping = new AbortController();
      const loop = async () => {
        while (!stopping.signal.aborted) {
          await follow(fail);
          await clock.sleep(everyMs, stopping.signal);
        }
      };
      const running = loop().catch(fail);
      return {
        async stop() {
          stopping.abort();
          await running;
          for (const [version, one] of followed) await end(version, one);
        },
        unready: () => (loaded() ? undefined : 'popularity not loaded yet'),
      };
    },
  };
}

function versionFeed(
  reader: PopularReader,
  view: PopularityView,
  version: number,
  environment: FeedEnvironment,
): FeedFollower {
  const { log, metrics } = environment;
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
      feed: async () => reader.feed(version),
      async load() {
        for (const key of await reader.keys(version)) await read(key);
      },
      async apply(changes) {
        const keys = new Map(changes.map((key) => [`${key.namespace} ${key.segment}`, key]));
        for (const key of keys.values()) await read(key);
      },
    },
    environment,
  );
}
