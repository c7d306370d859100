import { z } from 'zod';
import { addressShape } from '../../../pipeline/domain/dead-letter-address.ts';
import { discardBody, redriveBody } from '../../admin/requests.ts';
import { named } from './named.ts';

const status = z.enum(['open', 'redriven', 'discarded']);
const at = z.iso.datetime().nullable();

const letterFields = {
  id: z.string().describe(`\`${addressShape}\``),
  stage: z.string(),
  state_version: z.int(),
  topic: z.string(),
  partition: z.int(),
  offset: z.string(),
  status,
  reason: z.string(),
  message: z.string().nullable(),
  event_id: z.string().nullable(),
  key: z.string().nullable().optional(),
  key_base64: z.string().optional().describe('Instead of `key`, where that is no text.'),
  value_bytes: z.int().nullable(),
  attempts: z.int(),
  redrives: z.int(),
  first_failed_at: at,
  last_failed_at: at,
  recorded_at: at,
  acted_at: at,
  app_version: z.string().nullable(),
};

export const letters = named(
  'DeadLetters',
  'Dead letters, the newest first.',
  z.object({ letters: z.array(z.object(letterFields)), next_cursor: z.string().nullable() }),
);

export const letter = named(
  'DeadLetter',
  'One dead letter with everything that is known of it.',
  z.object({
    ...letterFields,
    writer_schema_id: z.int().nullable(),
    writer_schema: z.string().nullable(),
    value: z.unknown().optional().describe('Decoded with the schema it was written with.'),
    undecodable: z.string().optional(),
    value_base64: z.string().nullable().optional(),
    unreadable_today: z.string().nullable(),
    headers: z.array(
      z.object({ name: z.string(), value: z.string().nullable().optional(), value_base64: z.string().optional() }),
    ),
    history: z.array(
      z.object({
        at,
        operator: z.string(),
        verb: z.string(),
        reason: z.string().nullable(),
        details: z.unknown(),
      }),
    ),
  }),
);

export const summary = named(
  'DeadLetterSummary',
  'How many dead letters there are, by stage, reason and status.',
  z.object({
    rows: z.array(
      z.object({
        stage: z.string(),
        state_version: z.int(),
        reason: z.string(),
        status,
        count: z.int(),
        oldest_failed_at: at,
        newest_failed_at: at,
      }),
    ),
  }),
);

const result = {
  refused: z.int(),
  busy: z.int(),
  absent: z.array(z.string()),
  not_open: z.array(z.string()),
  ended_by: z.enum(['limit', 'signal', 'failure']).nullable(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  groups: z.array(
    z.object({
      stage: z.string(),
      state_version: z.int(),
      topic: z.string(),
      reason: z.string(),
      refused: z.string().nullable(),
      count: z.int(),
      example: z.string(),
      message: z.string().nullable(),
    }),
  ),
};

export const redriven = named(
  'Redriven',
  'What a redrive did, or would do.',
  z.object({ redriven: z.int().optional(), would_be_redriven: z.int().optional(), ...result }),
);
export const discarded = named('Discarded', 'What was given up.', z.object({ discarded: z.int(), ...result }));

const chosen = {
  oneOf: [
    { required: ['ids'] },
    { required: ['filter'], properties: { filter: { type: 'object', minProperties: 1 } } },
    { required: ['all'] },
  ],
};
const givenReason = { required: ['reason'] };
const isDryRun = { required: ['dry_run'], properties: { dry_run: { const: true } } };

export const redriveRequest = named(
  'RedriveRequest',
  'One of `ids`, `filter` with a member at least, or `all`. `reason` goes to the audit. What is asked for must be possible within 60 seconds at `rate`.',
  redriveBody.meta({ allOf: [chosen, { anyOf: [givenReason, isDryRun] }] }),
);
export const discardRequest = named(
  'DiscardRequest',
  'One of `ids`, `filter` with a member at least, or `all`. `reason` goes to the audit.',
  discardBody.meta({ allOf: [chosen, givenReason] }),
);
