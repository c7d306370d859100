/** Rungs of the fallback ladder, best first. */
export const fallbackLevels = ['personal', 'session', 'segment_popular', 'global_popular', 'last_known_good'] as const;
export type FallbackLevel = (typeof fallbackLevels)[number];
