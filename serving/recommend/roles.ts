import type { FallbackLevel } from './fallback-level.ts';
import type { Candidate, HydratedQuery, Query, Ranked, Slate } from './query.ts';

/** Adds to a query what the other roles need; the only role besides sources that may wait for Redis. */
export type QueryHydrator = (query: Query) => Promise<HydratedQuery>;

/**
 * One rung of the ladder. Answers candidates best first, an empty list where it has looked and found
 * none, undefined where it cannot say (no such list, Redis away, not meant for this query).
 * `kept` is how many items better rungs have put into the slate already.
 */
export interface Source {
  readonly level: FallbackLevel;
  candidates(query: HydratedQuery, kept: number): Promise<readonly Candidate[] | undefined>;
}

/** A reason not to show an item; `name` is a label of the metrics. Looks at memory only. */
export interface Filter<Q = HydratedQuery> {
  readonly name: string;
  /** Decides by what Redis knows of the user. */
  readonly isOfUser?: boolean;
  /** False where it removes nothing from this answer, whatever the item; without it, it may. */
  applies?(query: Q): boolean;
  removes(item: number, query: Q): boolean;
}

/** Puts the scores of several rungs on one falling scale; keeps the order it is given. */
export type Scorer = (items: readonly Ranked[]) => readonly Ranked[];

/** Something done with a finished slate; never delays and never fails the answer. */
export type SideEffect = (slate: Slate) => void;
