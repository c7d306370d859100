import { z } from 'zod';
import { named } from './named.ts';

export const fieldProblem = named(
  'FieldProblem',
  'What is wrong with one field. Never holds what was sent.',
  z.object({
    code: z.string().describe('Stable; branch on it.'),
    path: z
      .string()
      .describe('JSON path in the request, such as `$.events[3].user_id`, `query.limit`, `path.user_id`.'),
    message: z.string().describe('For people.'),
    limit: z.number().optional().describe('The bound that was passed or missed.'),
  }),
);

export const problem = named(
  'Problem',
  'The one shape of errors (RFC 9457).',
  z.object({
    type: z.string().describe('`urn:freshet:problem:` and the code.'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable; branch on it.'),
    detail: z.string().describe('What happened and what to do.'),
    path: z.string().optional(),
    limit: z.number().optional(),
    errors: z.array(fieldProblem).optional().describe('Every field at fault, where there are several.'),
    request_id: z.string(),
  }),
);

/** What may be wrong with a field of a body, a query or a path. */
export const fieldCodes = [
  'required',
  'wrong_type',
  'too_short',
  'too_long',
  'malformed_text',
  'invalid_format',
  'out_of_range',
  'too_few',
  'too_many',
  'too_large',
  'unknown_field',
  'conflicting_fields',
  'not_allowed',
] as const;

/** What may be wrong with an event or a document besides. */
export const rowCodes = [
  ...fieldCodes,
  'unknown_type',
  'timestamp_invalid',
  'timestamp_ambiguous',
  'in_future',
  'too_old',
  'pii_suspected',
  'currency_unknown',
  'duplicate_item',
  'duplicate_position',
  'invalid_setting',
  'invalid_rule',
  'record_invalid',
  'not_storable',
  'revision_conflict',
] as const;
