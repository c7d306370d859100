import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Component } from '../../pipeline/kernel/component.ts';
import { messageOf, TransientError } from '../../pipeline/kernel/errors.ts';
import type { Logger } from '../../pipeline/kernel/logger.ts';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';
import type { Feed } from '../../pipeline/stores/feed.ts';
import { lostTrack } from './lost-track.ts';

/** Longest wait of one look, so that a stop, a flush or another feed is noticed soon. */
const waitMs = 500;
const retryMinMs = 50;
const retryMaxMs = 2_000;

export interface FeedEnvironment {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A view in process memory and the feed that keeps it current. */
export interface FollowOptions<E> {
  readonly name: string;
  /** Asked before every look; another object than last time means: load again from that feed. */
  feed(): Promise<Feed<E>>;
  /** Reads everything into the view; repeated after a gap. What the view holds stays usable meanwhile. */
  load(): Promise<void>;
  /** Applies changes in feed order; may be handed the same entries again. */
  apply(values: readonly E[]): Promise<void>;
}

export interface FeedFollower extends Component {
  /** The first load is through: the view may be used. Stays true. */
  loaded(): boolean;
}

/**
 * Keeps a view current: notes the feed's newest id, loads, then follows from that id, so that nothing
 * written meanwhile is missed. A gap (trimmed, flushed, another feed) means loading again. Transient
 * faults are waited out in place; any other fault ends the process, as the view would be wrong for ever.
 * Starts at once; unready until the first load is through.
 */
export function followFeed<E>(options: FollowOptions<E>, environment: FeedEnvironment): FeedFollower {
  const { name } = options;
  const state = { loaded: false };
  return {
    name: `${name}-feed`,
    loaded: () => state.loaded,
    async start(fail) {
      const stopping = new AbortController();
      const loop = follow(options, environment, stopping.signal, () => {
        state.loaded = true;
      }).catch(fail);
      return {
        async stop() {
          stopping.abort();
          await loop;
        },
        unready: () => (state.loaded ? undefined : `${name} not loaded yet`),
      };
    },
  };
}

async function follow<E>(
  options: FollowOptions<E>,
  environment: FeedEnvironment,
  signal: AbortSignal,
  onLoaded: () => void,
): Promise<void> {
  const { log, metrics, clock, random } = environment;
  const cursor = createCursor(options, environment, onLoaded);
  let failures = 0;
  while (!signal.aborted) {
    try {
      await cursor.step();
      if (failures > 0) log.info({ feed: options.name }, 'feed is followed again');
      failures = 0;
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      if (signal.aborted) return;
      if (failures === 0) log.warn({ feed: options.name, error: messageOf(error) }, 'feed not available, waiting');
      metrics.servingFeedErrors.inc({ feed: options.name });
      failures += 1;
      const ceilingMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(failures, 10));
      await clock.sleep(ceilingMs / 2 + (random() * ceilingMs) / 2, signal);
    }
  }
}

/** One step is a load or a look; the position moves only after its effect is in the view. */
function createCursor<E>(options: FollowOptions<E>, { log, metrics }: FeedEnvironment, onLoaded: () => void) {
  let current: Feed<E> | undefined;
  let afterId: string | undefined;

  async function load(feed: Feed<E>, reason: string) {
    const noted = await feed.lastId();
    await options.load();
    current = feed;
    afterId = noted;
    metrics.servingFeedLoads.inc({ feed: options.name, reason });
    log.info({ feed: options.name, reason, position: noted }, 'feed loaded');
    onLoaded();
  }

  return {
    async step(): Promise<void> {
      const feed = await options.feed();
      if (afterId === undefined || feed !== current) return load(feed, current ? 'switched' : 'start');
      const read = await feed.read(afterId, waitMs);
      const lost = lostTrack(afterId, read);
      if (lost !== undefined) return load(feed, lost);
      const values = read.entries.flatMap(({ value }) => (value === undefined ? [] : [value]));
      const unreadable = read.entries.length - values.length;
      if (unreadable > 0) {
        log.error({ feed: options.name, unreadable }, 'feed entries not understood');
        metrics.servingUndecodable.inc({ kind: options.name }, unreadable);
      }
      if (values.length > 0) await options.apply(values);
      afterId = read.entries.at(-1)?.id ?? afterId;
    },
  };
}
