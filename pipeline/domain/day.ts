export const dayMs = 86_400_000;

/** Event-time day, days since the epoch (UTC). */
export const dayOf = (instantMs: number): number => Math.floor(instantMs / dayMs);
