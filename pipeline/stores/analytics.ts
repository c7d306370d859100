/** What was shown, and what of it was acted upon. */
export interface ShownCounts {
  readonly impressions: number;
  /** Impressions that at least one act matches. */
  readonly matchedImpressions: number;
  readonly matchedActs: number;
}

export interface ShownGroup extends ShownCounts {
  /** Null where the impression names none. */
  readonly name: string | null;
}

/** Counts of one namespace over a time, of items that were shown at one of the first 20 positions. */
export interface Baseline {
  readonly stateVersion: number;
  readonly attributionWindowMs: number;
  readonly shown: ShownCounts;
  /** An impression with several sources is in the group of each; the largest groups only, as of those below. */
  readonly bySource: readonly ShownGroup[];
  readonly byVariant: readonly ShownGroup[];
  readonly bySurface: readonly ShownGroup[];
  readonly watches: { readonly count: number; readonly seconds: number };
  /** Items that lists may show now, and how many of them were shown. */
  readonly catalog: { readonly items: number; readonly shown: number };
}

/**
 * Reads what users with full consent were shown and did. An act (click, watch, purchase) matches at most one impression
 * of the same user and item: the latest one with its request id; without one the latest one that was shown at most the
 * namespace's attribution window before it. Impressions count from `from` on and before `to`; acts from a window before
 * `from` on.
 */
export interface Analytics {
  /** `too_slow` where it would take longer than two seconds; throws TransientError while the store is away. */
  baseline(namespace: string, time: { readonly from: number; readonly to: number }): Promise<Baseline | 'too_slow'>;
}

/** Positions that the figures are about. */
export const analyticsPositions = 20;
/** Groups told of each breakdown. */
export const analyticsGroups = 50;
