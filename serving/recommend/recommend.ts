import type { FallbackLevel } from './fallback-level.ts';
import type { HydratedQuery, Query, Slate } from './query.ts';
import type { Filter, QueryHydrator, Scorer, SideEffect, Source } from './roles.ts';
import { createSelection, type Selection } from './selector/selection.ts';
import { pageCandidates } from './sources/page.ts';

export interface Roles {
  readonly hydrate: QueryHydrator;
  /** The ladder, best rung first. */
  readonly sources: readonly Source[];
  /** The ladder where the query names context items. */
  readonly sourcesInContext: readonly Source[];
  /** Rungs that cost no wait: later pages go on with what they offer where better rungs have nothing left. */
  readonly sourcesInMemory: readonly Source[];
  readonly filters: readonly Filter[];
  readonly score: Scorer;
  readonly sideEffects: readonly SideEffect[];
}

/** Undefined where no rung could say anything. */
export type Recommend = (query: Query) => Promise<Slate | undefined>;

/**
 * One list: hydrate the query, go down the ladder until the slate is full, put the scores on one scale. A slate may
 * be empty: then rungs had something to say, and filters left none of it. A later page has one rung, its cursor.
 */
export function createRecommend(roles: Roles): Recommend {
  return async function recommend(query) {
    const hydrated = await roles.hydrate(query);
    const selection = createSelection(hydrated, roles.filters);
    const heard = query.page ? takePage(hydrated, selection) : await climb(roles, hydrated, selection);
    const level = query.page?.level ?? selection.bestLevel() ?? heard;
    if (level === undefined) return undefined;
    const { items, rest, removed } = selection.finish();
    const slate: Slate = {
      query: hydrated,
      items: roles.score(items),
      level,
      reflects: hydrated.user.list?.reflects ?? (level === 'last_known_good' ? hydrated.user.reflects : undefined),
      removed,
      rest,
    };
    if (query.trial === undefined) for (const effect of roles.sideEffects) effect(slate);
    return slate;
  };
}

function takePage(query: HydratedQuery, selection: Selection): undefined {
  selection.offer(pageCandidates(query), query.page?.level ?? 'personal');
}

/** Answers the first level that had anything to say. */
async function climb(roles: Roles, query: HydratedQuery, selection: Selection): Promise<FallbackLevel | undefined> {
  const ladder = query.user.contextItems.length > 0 ? roles.sourcesInContext : roles.sources;
  let heard: FallbackLevel | undefined;
  for (const source of ladder) {
    const isEnough = selection.left() >= query.limit || !roles.sourcesInMemory.includes(source);
    if (heard !== undefined && selection.isFull() && isEnough) continue;
    const offered = await source.candidates(query, selection.count());
    if (offered === undefined) continue;
    heard ??= source.level;
    selection.offer(offered, source.level);
  }
  return heard;
}
