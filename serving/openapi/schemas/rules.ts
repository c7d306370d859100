import { z } from 'zod';
import { ruleSchema } from '../../../pipeline/domain/rule.ts';
import { trialLimit } from '../../routes/rules-trial-request.ts';
import { contextRequest } from './lists.ts';
import { absent, named, optional } from './named.ts';
import { id } from './text.ts';

/** A rule but for `pin` names items or tags. */
const aim = {
  anyOf: [
    { properties: { action: { const: 'pin' } }, required: ['action'] },
    { required: ['items'] },
    { required: ['tags'] },
  ],
};

export const rule = named(
  'Rule',
  '`block` and `whitelist` decide what may be shown, `pin` puts an item at a position, `boost` multiplies scores. `ends_at` comes after `starts_at`.',
  ruleSchema.meta({ allOf: [aim] }),
);

interface Written {
  readonly oneOf?: readonly { readonly properties: object; readonly required: readonly string[] }[];
  readonly anyOf?: Written['oneOf'];
}

/** A rule with its `id` beside the members of its body. */
function withId(): Readonly<Record<string, unknown>> {
  const { oneOf, anyOf, ...rest } = z.toJSONSchema(ruleSchema, { io: 'input' }) as Written;
  const own = z.toJSONSchema(id);
  const members = (oneOf ?? anyOf ?? []).map((one) => ({
    ...one,
    properties: { id: own, ...one.properties },
    required: ['id', ...one.required],
  }));
  return { ...rest, oneOf: members, allOf: [aim] };
}

export const rulesPreview = named(
  'RulesPreview',
  'A request for a list, and the rules to try on it: those of `rules` beside or in the place of stored ones, and without those of `without`.',
  z.strictObject({
    request: contextRequest
      .extend({ cursor: absent, log_impression: optional(z.literal(false)) })
      .describe('Whom the list would be for. It is a first page, and is not logged.'),
    rules: optional(z.array(z.unknown().meta(withId())).max(trialLimit)),
    without: optional(z.array(id).max(trialLimit)),
  }),
);

const at = z.iso.datetime().optional();

export const statedRules = named(
  'Rules',
  'Rules that this process follows, in order of their ids.',
  z.object({
    namespace: z.string(),
    rules: z.array(
      z.object({
        id: z.string(),
        revision: z.int(),
        action: z.enum(['pin', 'boost', 'block', 'whitelist']),
        item: z.string().optional(),
        position: z.int().optional(),
        factor: z.number().optional(),
        items: z.array(z.string()).optional(),
        tags: z.array(z.string()).optional(),
        surfaces: z.array(z.string()).optional(),
        enabled: z.boolean(),
        priority: z.int(),
        starts_at: at,
        ends_at: at,
        description: z.string().optional(),
      }),
    ),
  }),
);
