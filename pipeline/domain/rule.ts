import { z } from 'zod';
import { normaliseTag, tagLimits } from './intake/tag.ts';
import { cleanPattern, isCleanText } from './intake/text.ts';

const text = (most: number) =>
  z
    .string()
    .max(most)
    .refine(isCleanText, 'must be well-formed Unicode without control characters')
    .meta({ pattern: cleanPattern });
const itemId = text(128).min(1);
const tag = text(tagLimits.length)
  .transform(normaliseTag)
  .refine((text) => text !== '', 'must hold a tag');
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** Furthest position that a rule may pin an item to: lists have no more. */
export const pinLimit = 100;
const targetLimit = 1_000;

const shared = {
  /** Surfaces it applies to; every surface where absent. */
  surfaces: z.array(text(64).min(1)).min(1).max(50).optional(),
  enabled: z.boolean().default(true),
  /** First instant at which it applies. */
  starts_at: instant.optional(),
  /** First instant at which it applies no more. */
  ends_at: instant.optional(),
  /** Of two rules for one position the greater one wins, then the smaller id. */
  priority: z.int().min(-1_000).max(1_000).default(0),
  /** For people. */
  description: text(500).optional(),
};
/** What it is about: items by id, and items that have any of the tags. */
const target = {
  items: z.array(itemId).min(1).max(targetLimit).optional(),
  tags: z.array(tag).min(1).max(targetLimit).optional(),
};

/**
 * One rule of a namespace, the body of a configuration document of kind `rule`. Precedence: what filters (catalogue,
 * user, request) remove stays removed; `block` removes, whatever other rules say; where a `whitelist` applies, only what
 * some whitelist names is shown; `pin` puts an item at exactly its position; `boost` multiplies the score.
 */
export const ruleSchema = z
  .discriminatedUnion('action', [
    z.strictObject({ action: z.literal('pin'), item: itemId, position: z.int().min(1).max(pinLimit), ...shared }),
    z.strictObject({ action: z.literal('boost'), factor: z.number().min(0.01).max(100), ...target, ...shared }),
    z.strictObject({ action: z.literal('block'), ...target, ...shared }),
    z.strictObject({ action: z.literal('whitelist'), ...target, ...shared }),
  ])
  .refine((rule) => rule.action === 'pin' || rule.items !== undefined || rule.tags !== undefined, {
    path: ['items'],
    message: 'must name items or tags',
  })
  .refine(({ starts_at: from, ends_at: to }) => from === undefined || to === undefined || from < to, {
    path: ['ends_at'],
    message: 'must be after starts_at',
  });

export type RuleBody = z.output<typeof ruleSchema>;

export type Rule = RuleBody & { readonly id: string };

/** A rule and the revision in which it was written. */
export type StatedRule = Rule & { readonly revision: number };

/** Rules of a namespace that are followed; what is beyond is told of in the log, not silently. */
export const rulesLimit = 1_000;
