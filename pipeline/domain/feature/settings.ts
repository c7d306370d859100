import { z } from 'zod';

/**
 * What shapes feature state, frozen in the row of its state version: another value needs a rebuild.
 * Defaults stand for rows written before a setting was named, so they never change either.
 */
export const stateSettingsSchema = z.strictObject({
  /** Longest silence inside a session without a client's id, milliseconds of event time. */
  sessionGapMs: z.number().int().min(1).default(1_800_000),
  /** Newest interactions kept a session. */
  sessionItemCap: z.number().int().min(1).default(200),
  /** Newest interactions kept a profile. */
  historySize: z.number().int().min(1).default(200),
  /** Event-time days of affinity counts, back from the newest day met. */
  affinityDays: z.number().int().min(1).default(90),
  /** Newest (day, tag, type) counts kept: with 128-byte tags a profile record stays under 1 MiB. */
  affinityLimit: z.number().int().min(1).default(2_000),
  /** Newest items kept as bought, as dismissed and as added. */
  itemSetLimit: z.number().int().min(1).default(500),
});

export type StateSettings = z.infer<typeof stateSettingsSchema>;
