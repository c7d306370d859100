import { z } from 'zod';
import { list } from './lists.ts';
import { named } from './named.ts';

const share = z.number().nullable().describe('Percent, to two decimals; null where there is nothing to divide by.');
const counts = { impressions: z.int(), matched_impressions: z.int(), matched_acts: z.int() };
const group = <N extends string>(name: N) =>
  z.array(z.object({ [name as string]: z.string().nullable(), ...counts, ctr_pct: share }));

export const baseline = named(
  'Baseline',
  'How lists do in one namespace, beside what they are meant to reach.',
  z.object({
    request_id: z.string(),
    namespace: z.string(),
    days: z.int(),
    from: z.union([z.string(), z.number()]),
    to: z.union([z.string(), z.number()]),
    state_version: z.int(),
    attribution_window_ms: z.number(),
    ctr_at_20_pct: share,
    avg_watch_time_sec: z.number().nullable(),
    catalog_coverage_at_20_pct: share,
    targets: z.object({
      ctr_at_20_pct: z.number(),
      avg_watch_time_sec: z.number(),
      catalog_coverage_at_20_pct: z.number(),
    }),
    samples: z.object({ ...counts, watches: z.int(), catalog_items: z.int(), catalog_items_shown: z.int() }),
    by_source: group('source'),
    by_variant: group('variant'),
    by_surface: group('surface'),
  }),
);

export const replayedList = named(
  'ReplayedList',
  'A past answer made again, explained.',
  z.object({
    ...list.shape,
    replay: z.object({
      user_id: z.string(),
      namespace: z.string(),
      is_same: z.boolean(),
      catalog_changed: z.boolean(),
    }),
  }),
);
