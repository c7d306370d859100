import { chunkSize } from '../../domain/item-attributes.ts';
import type { RefreshLane } from '../../domain/refresh-limits.ts';

/**
 * Every Redis key of the product. Hash tags put one user's values in one slot; never braces round the
 * version. `v` is the state version, `n` an item number.
 */
export const redisKeys = {
  list: (v: number, ns: string, userId: string) => `f:${v}:{${ns}|u${userId}}:list`,
  profile: (v: number, ns: string, userId: string) => `f:${v}:{${ns}|u${userId}}:profile`,
  similar: (v: number, ns: string, n: number) => `f:${v}:{${ns}|i${n}}:similar`,
  /** Segment `surface|locale`; `|` is the global list. */
  popular: (v: number, ns: string, segment: string) => `f:${v}:{${ns}}:pop:${segment}`,
  /** Set of `ns` + NUL-free ` ` + segment that have a popular list, so that a starting server finds them. */
  popularIndex: (v: number) => `f:${v}:pop-index`,
  /** Hash: one field a partition of the profile topic, present while its lists are whole; what is gone is projected again. */
  marker: (v: number) => `f:${v}:marker`,
  /** Stream; entries { kind: 'popular', ns, segment }. */
  feed: (v: number) => `f:${v}:feed`,
  active: 'f:active',
  /** Set of the versions whose lists are whole; serving holds the popular lists of each. */
  versions: 'f:versions',
  /** Hash: item number → ItemAttributes as JSON. */
  itemChunk: (ns: string, n: number) => `i:{${ns}}:${Math.floor(n / chunkSize)}`,
  /** Hash: namespace → highest item number, so that a starting server knows the chunks; absent until all are there. */
  itemIndex: 'i:index',
  /** Hash: namespace → the attempt to write all of it that is under way; in the slot of `i:index`. */
  itemAttempts: '{i:index}:attempts',
  /** Stream; entries { ns, n, item } with item = ItemAttributes as JSON. */
  itemFeed: 'i:feed',
  /** JSON { revision, body }. */
  config: (ns: string) => `c:{${ns}}:config`,
  /** JSON [{ id, revision, body }]. */
  rules: (ns: string) => `c:{${ns}}:rules`,
  /** Set of namespaces that have configuration, or had some. */
  configIndex: 'c:index',
  /** Stream; entries { ns, kind: 'config' }: read all of the namespace again. */
  configFeed: 'c:feed',
  /** Stream of users whose lists are to be made again, by partition of the profile topic; entries { ns, user }. */
  refresh: (v: number, lane: RefreshLane, partition: number) => `q:{refresh|${partition}}:${v}:${lane}`,
  /** Id of the user's latest entry in that stream; beside it, so that one script may look at both. */
  refreshUser: (v: number, partition: number, ns: string, userId: string) =>
    `q:{refresh|${partition}}:${v}:user:${ns}|${userId}`,
  /** Hash: how far the backfill has come that was last begun and has not ended. */
  backfill: (v: number) => `q:{backfill}:${v}`,
  /** Name of the backfill that runs; gone soon after it does. */
  backfillRun: (v: number) => `q:{backfill}:${v}:run`,
  /** Packed recent events, see packed-recent.ts. */
  recent: (ns: string, userId: string) => `r:{${ns}|u${userId}}`,
} as const;
