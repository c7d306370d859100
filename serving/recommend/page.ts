import type { FallbackLevel } from './fallback-level.ts';

/** A list that goes on: what its cursor says. */
export interface Page {
  /** Of the first page, and so of all of them. */
  readonly requestId: string;
  /** Items shown so far. */
  readonly offset: number;
  /** Fallback level of the first page. */
  readonly level: FallbackLevel;
  /** Score of the last item shown. */
  readonly score: number;
  /** Numbers of the items shown so far. */
  readonly shown: readonly number[];
  /** Numbers of the items to go on with, in order. */
  readonly rest: readonly number[];
}
