import type { z } from 'zod';
import type { Answer } from '../operation.ts';
import { fieldCodes, rowCodes } from '../schemas/problem.ts';

/** What `admission` and `unready` say before anything is read. */
const ingestAway = [
  'not_ready',
  'unavailable',
  'overloaded',
  'outbox_full',
  'outbox_stale',
  'outbox_too_large',
  'database_too_large',
];

/** Problems of whatever writes through ingest. */
export const writeProblems = {
  400: ['malformed_json', 'too_deep', 'body_incomplete', 'malformed_batch', 'duplicate_in_batch', ...fieldCodes],
  413: ['body_too_large', 'batch_too_large'],
  415: ['unsupported_media_type', 'unsupported_encoding'],
  422: [...rowCodes, 'not_valid'],
  429: ['rate_limited'],
  503: ingestAway,
};

/** One event or a document by its id: no batch. */
const { 413: _, ...one } = writeProblems;
export const oneProblems = { ...one, 413: ['body_too_large'] };

export const readProblems = { 400: [...fieldCodes], 503: ['not_ready', 'unavailable'] };

export const json = (description: string, schema: z.ZodType): Answer => ({ description, schema });
