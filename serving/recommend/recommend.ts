import { createCaps } from './constraints.ts';
import type { Candidate, FallbackLevel, HydratedQuery, Query, Ranked, Removal, Slate } from './query.ts';
import type { Filter, QueryHydrator, Scorer, SideEffect, Source } from './roles.ts';

export interface Roles {
  readonly hydrate: QueryHydrator;
  /** The ladder, best rung first. */
  readonly sources: readonly Source[];
  /** The ladder where the query names context items. */
  readonly sourcesInContext: readonly Source[];
  readonly filters: readonly Filter[];
  readonly score: Scorer;
  readonly sideEffects: readonly SideEffect[];
}

/** Undefined where no rung could say anything. */
export type Recommend = (query: Query) => Promise<Slate | undefined>;

/**
 * One list: hydrate the query, go down the ladder until the slate is full, put the scores on one scale.
 * `admit` is the only way into a slate, and it asks every filter; so what a filter holds back, no rung
 * can show. A slate may be empty: then rungs had something to say, and filters left none of it.
 */
export function createRecommend(roles: Roles): Recommend {
  return async function recommend(query) {
    const hydrated = await roles.hydrate(query);
    const draft = createDraft(hydrated, roles.filters);
    const ladder = hydrated.user.contextItems.length > 0 ? roles.sourcesInContext : roles.sources;
    let heard: FallbackLevel | undefined;
    for (const source of ladder) {
      if (draft.kept.length >= query.limit) break;
      const offered = await source.candidates(hydrated, draft.kept.length);
      if (offered === undefined) continue;
      heard ??= source.level;
      for (const candidate of offered) {
        if (draft.kept.length >= query.limit) break;
        draft.admit(candidate, source.level);
      }
    }
    const level = draft.bestLevel ?? heard;
    if (level === undefined) return undefined;
    const slate: Slate = {
      query: hydrated,
      items: roles.score(draft.kept),
      level,
      reflects: level === 'last_known_good' ? hydrated.user.remembered?.reflects : hydrated.user.list?.reflects,
      removed: draft.removed,
    };
    for (const effect of roles.sideEffects) effect(slate);
    return slate;
  };
}

interface Draft {
  readonly kept: readonly Ranked[];
  readonly removed: readonly Removal[];
  /** Level of the first rung that got an item in. */
  readonly bestLevel: FallbackLevel | undefined;
  admit(candidate: Candidate, level: FallbackLevel): void;
}

/** An item offered twice keeps its first place and gains the sources of the second. */
function createDraft(query: HydratedQuery, filters: readonly Filter[]): Draft {
  const kept: (Ranked & { sources: number })[] = [];
  const removed: Removal[] = [];
  const places = new Map<number, number>();
  const caps = createCaps(query.constraints, query.items);
  return {
    kept,
    removed,
    get bestLevel() {
      return kept[0]?.level;
    },
    admit(candidate, level) {
      const { item } = candidate;
      const place = places.get(item);
      if (place !== undefined) {
        const former = kept[place];
        if (former) former.sources |= candidate.sources;
        return;
      }
      const why = filters.find((one) => one.removes(item, query))?.name ?? caps.full(item);
      if (why !== undefined) {
        places.set(item, -1); // a later rung need not ask again
        removed.push({ item, level, filter: why });
        return;
      }
      caps.add(item);
      places.set(item, kept.length);
      kept.push({ ...candidate, level });
    },
  };
}
