import { z } from 'zod';
import { tagLimits } from '../../../pipeline/domain/intake/tag.ts';
import { sourceNames } from '../../../pipeline/domain/packed-list.ts';
import { cursorLength, cursorMs } from '../../recommend/cursor.ts';
import { fallbackLevels } from '../../recommend/fallback-level.ts';
import { constraintLimits } from '../../routes/constraint-fields.ts';
import { contextItemLimit, excludeItemLimit } from '../../routes/context-request.ts';
import { limits, surfaceRule } from '../../routes/query-fields.ts';
import { named, optional } from './named.ts';
import { currency, id, milliseconds, namespace, number, text } from './text.ts';

export const surface = text(surfaceRule).describe(
  'Where the list is shown, such as `home`; settings may differ by it.',
);
export const limit = number({ min: 1, max: limits.maxLimit, integer: true }).describe(
  `Items asked for; ${limits.defaultLimit} where it is left out.`,
);
export const explain = z.boolean().describe('Also tell what is not in the list and why.');

export const logImpression = z
  .boolean()
  .describe('Also count the list as shown to the user, as `POST /v1/impressions` would.');

export const cursor = text({ max: cursorLength }).describe(
  `\`next_cursor\` of the answer before, for the same user and surface; good for ${cursorMs / 60_000} minutes.`,
);

const tagList = z
  .array(text({ max: tagLimits.length }))
  .min(1)
  .max(constraintLimits.tags);
const cap = number({ min: 1, max: constraintLimits.cap, integer: true });
const bound = number({ min: 0, max: constraintLimits.price });

const constraints = named(
  'Constraints',
  'What every item of the list has to hold to. A list that they leave too short is short.',
  z.strictObject({
    exclude_items: optional(z.array(id).max(excludeItemLimit)),
    include_tags_any: optional(tagList).describe('One of these tags at least.'),
    include_tags_all: optional(tagList).describe('All of these tags.'),
    exclude_tags_any: optional(tagList).describe('None of these tags.'),
    categories: optional(tagList).describe('One of these `category:*` tags; the kind may be left out.'),
    price_between: optional(z.strictObject({ min: optional(bound), max: optional(bound), currency })).describe(
      'Both ends included; `min` not above `max`. An item without a price is left out.',
    ),
    max_per_brand: optional(cap),
    max_per_category: optional(cap),
  }),
);

export const contextRequest = named(
  'ContextRequest',
  'Whom a list is for, what it is to go with, and what it has to hold to.',
  z.strictObject({
    user_id: id,
    namespace: optional(namespace),
    surface: optional(surface),
    limit: optional(limit),
    explain: optional(explain),
    context_items: optional(z.array(id).max(contextItemLimit)).describe('Such as the item of the page, or the cart.'),
    constraints: optional(constraints),
    cursor: optional(cursor),
    log_impression: optional(logImpression),
  }),
);

const level = z.enum(fallbackLevels);

const listItem = named(
  'ListItem',
  'One item of a list.',
  z.object({
    item_id: z.string(),
    score: z.number().describe('Falls along the list; comparable within one answer only.'),
    position: z.int().min(1).describe('Over all pages.'),
    sources: z.array(z.enum(sourceNames)),
    reasons: z
      .array(
        z.object({
          code: z.enum(['session', 'similar', 'popular', 'affinity', 'history', 'fresh', 'pinned']),
          because: z.string().optional(),
          rule: z.string().optional(),
        }),
      )
      .describe('`because` names the item that this one follows from, `rule` the rule that pinned it.'),
  }),
);

const reflects = z
  .object({ event_id: z.string(), received_at: milliseconds, occurred_at: milliseconds })
  .describe('The newest interaction of the user that is in the list, by (`received_at`, `event_id`).');

export const list = named(
  'List',
  'A list, best first. A click on it carries its `request_id`.',
  z.object({
    request_id: z.string(),
    items: z.array(listItem),
    next_cursor: z.string().nullable().describe('For the next page of this list; null where nothing is left.'),
    generated_at: milliseconds,
    freshness_ms: z.number().nullable().describe('Age of what `reflects` names.'),
    reflects: reflects.nullable(),
    fallback_level: level.describe('The rung of the ladder that answered.'),
    config_version: z.int(),
    state_version: z.int(),
    explain: z
      .object({
        removed: z.array(
          z.object({ item_id: z.string().nullable(), level, filter: z.string(), rule: z.string().optional() }),
        ),
        levels: z.array(level),
        rules: z.object({
          in_force: z.array(z.string()),
          applied: z.array(
            z.object({
              rule: z.string(),
              action: z.enum(['pin', 'boost']),
              item_id: z.string().nullable(),
              position: z.int(),
            }),
          ),
        }),
        redis_waits: z.int(),
        degraded: z.boolean(),
      })
      .optional()
      .describe('Only with `explain`.'),
  }),
);

export const refreshed = named(
  'Refreshed',
  'What became of a request to make a list again.',
  z.object({ request_id: z.string(), status: z.enum(['queued', 'already_queued']) }),
);

export const similarItems = named(
  'SimilarItems',
  'Neighbours of an item, best first; none where it has none yet.',
  z.object({
    request_id: z.string(),
    item_id: z.string(),
    items: z.array(listItem),
    generated_at: milliseconds,
    state_version: z.int(),
  }),
);
