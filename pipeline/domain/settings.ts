import { z } from 'zod';
import { isCleanText } from './intake/text.ts';

const minutes = 60_000;
const days = 24 * 60 * minutes;

const weights = z.strictObject({
  view: z.number().default(0.05),
  click: z.number().default(0.2),
  add: z.number().default(0.7),
  purchase: z.number().default(1),
  custom: z.number().default(0.1),
  watch: z.number().default(0.5),
  like: z.number().default(0.6),
  dismiss: z.number().default(-1),
});

const weight = z.number().min(0).max(10);

const surface = z.strictObject({
  /** Leave out the item of the user's latest interaction. */
  exclude_current: z.boolean().default(true),
  /** Leave out the items of the current session (its 30 newest interactions) and of the recent events (100, 15 min). */
  exclude_seen: z.boolean().default(true),
  /** Leave out what the user has bought (the 60 newest items). */
  exclude_bought: z.boolean().default(true),
  /** Only what was bought in the last so many days; null for ever. */
  exclude_bought_days: z.int().min(1).max(3_650).nullable().default(null),
  /** Leave out what is in the user's cart. */
  exclude_in_cart: z.boolean().default(true),
  /** Show one of an item and its variants (`parent_id`). */
  one_per_parent: z.boolean().default(true),
  /** Most items of one `brand:*` and of one `category:*` a page; null for any number. Requests may ask for fewer. */
  max_per_brand: z.int().min(1).max(100).nullable().default(null),
  max_per_category: z.int().min(1).max(100).nullable().default(null),
  /** 0 ranks by relevance alone, 1 by difference of tags alone (maximal marginal relevance). */
  diversity: z.number().min(0).max(1).default(0),
  /** Items of the last `window_days` by `published_at` that each page shows at least, while there are some. */
  fresh: z
    .strictObject({
      slots: z.int().min(0).max(20).default(1),
      window_days: z.int().min(1).max(365).default(14),
    })
    .nullable()
    .default(null),
  /** Sources of the personal list and their weights (reciprocal rank fusion); null takes the user's list as it is. */
  blend: z
    .strictObject({
      personal: weight.default(1),
      affinity: weight.default(0),
      popular: weight.default(0),
      history: weight.default(0),
    })
    .nullable()
    .default(null),
});

/** Settings of one namespace, applied at ingest or when a list is made or read; every one has a default. */
export const namespaceSettingsSchema = z.strictObject({
  /** How far ahead of the server `occurred_at` may be, milliseconds. */
  max_event_future_ms: z
    .number()
    .int()
    .min(0)
    .max(days)
    .default(5 * minutes),
  /** How old `occurred_at` may be, milliseconds. */
  max_event_age_ms: z
    .number()
    .int()
    .min(minutes)
    .max(3_650 * days)
    .default(30 * days),
  /** Events and documents a second, by HTTP and a process that serves it; null for no limit. */
  max_events_per_second: z.number().int().min(1).max(1_000_000).nullable().default(null),
  default_consent: z.enum(['full', 'functional', 'none']).default('full'),
  weights: weights.prefault({}),
  /** Half-life of popularity, milliseconds; counts as old as ten of them are read. */
  popularity_half_life_ms: z
    .number()
    .int()
    .min(minutes)
    .max(365 * days)
    .default(7 * days),
  /** How long after it was shown an item may be acted upon to count for the impression, milliseconds. */
  attribution_window_ms: z
    .number()
    .int()
    .min(minutes)
    .max(30 * days)
    .default(days),
  /** By name; `default` stands in for a surface that is not named. */
  surfaces: z.record(z.string().max(64).refine(isCleanText), surface).default({}),
});

export type NamespaceSettings = z.infer<typeof namespaceSettingsSchema>;
export type SurfaceSettings = z.infer<typeof surface>;

export const defaultSettings: NamespaceSettings = namespaceSettingsSchema.parse({});

const builtInSurface: SurfaceSettings = surface.parse({});

/** The surface's settings, else those of `default`, else the built-in ones. The name comes from a request. */
export function surfaceSettings(settings: NamespaceSettings, name: string): SurfaceSettings {
  const named = Object.hasOwn(settings.surfaces, name) ? settings.surfaces[name] : undefined;
  return named ?? settings.surfaces.default ?? builtInSurface;
}
