import { z } from 'zod';
import { addressPattern, addressShape } from '../../../pipeline/domain/dead-letter-address.ts';
import { listQuery, summaryQuery } from '../../admin/requests.ts';
import type { Operation } from '../operation.ts';
import {
  discarded,
  discardRequest,
  letter,
  letters,
  redriven,
  redriveRequest,
  summary,
} from '../schemas/dead-letters.ts';
import { json } from './shared.ts';

const base = { tag: 'Dead letters', access: 'operators' } as const;
const codes = ['malformed', 'required', 'wrong_type', 'unknown_field', 'out_of_range'];
const away = { 503: ['unavailable', 'incomplete'] };
const onBody = { 400: ['malformed_json', 'too_deep', 'topic_unknown', ...codes], 413: ['body_too_large'], ...away };
const onQuery = { 400: codes, 503: ['unavailable'] };
const result = {
  refused: 0,
  busy: 0,
  absent: [],
  not_open: [],
  ended_by: null,
  failure: null,
  groups: [],
};
const settled = { filter: { stage: 'enrichment', reason: 'unhandled' }, limit: 1_000 };

export const deadLetterOperations: readonly Operation[] = [
  {
    ...base,
    id: 'getDeadLetterSummary',
    method: 'get',
    path: '/admin/dlq/summary',
    summary: 'How many dead letters there are',
    query: summaryQuery.in.shape,
    answers: { 200: json('Counts.', summary) },
    problems: onQuery,
    examples: [{ summary: 'All of them', answer: { status: 200, body: { rows: [] } } }],
  },
  {
    ...base,
    id: 'getDeadLetters',
    method: 'get',
    path: '/admin/dlq/letters',
    summary: 'Dead letters, a page at a time',
    query: listQuery.in.shape,
    answers: { 200: json('The page.', letters) },
    problems: onQuery,
    examples: [
      {
        summary: 'Of one stage',
        query: { stage: 'enrichment', limit: '20' },
        answer: { status: 200, body: { letters: [], next_cursor: null } },
      },
    ],
  },
  {
    ...base,
    id: 'getDeadLetter',
    method: 'get',
    path: '/admin/dlq/letters/{id}',
    summary: 'One dead letter',
    params: {
      id: z.string().regex(addressPattern).describe(`\`${addressShape}\`; slashes may be written as \`%2F\`.`),
    },
    answers: { 200: json('The letter.', letter) },
    problems: { 400: ['malformed'], 404: ['dead_letter_unknown'], 503: ['unavailable'] },
    examples: [
      {
        summary: 'There is none',
        path: { id: 'enrichment/engagement.interaction.recorded.v1/3/52' },
        answer: {
          status: 404,
          body: {
            type: 'urn:freshet:problem:dead_letter_unknown',
            title: 'Not found',
            status: 404,
            code: 'dead_letter_unknown',
            detail: 'There is no dead letter of this id.',
            request_id: 'r-11',
          },
        },
      },
    ],
  },
  {
    ...base,
    id: 'redriveDeadLetters',
    method: 'post',
    path: '/admin/dlq/redrive',
    summary: 'Send dead letters to their topics again',
    body: redriveRequest,
    answers: { 200: json('What was done.', redriven) },
    problems: onBody,
    examples: [
      {
        summary: 'What would be sent',
        body: { ...settled, dry_run: true },
        answer: { status: 200, body: { would_be_redriven: 0, ...result } },
      },
      {
        summary: 'What one cause set aside',
        body: { ...settled, rate: 500, reason: 'enrichment 1.4.2 is out' },
        answer: { status: 200, body: { redriven: 0, ...result } },
      },
    ],
  },
  {
    ...base,
    id: 'discardDeadLetters',
    method: 'post',
    path: '/admin/dlq/discard',
    summary: 'Give dead letters up',
    body: discardRequest,
    answers: { 200: json('What was done.', discarded) },
    problems: onBody,
    examples: [
      {
        summary: 'What a test wrote',
        body: { filter: { reason: 'undecodable' }, reason: 'a test wrote rubbish' },
        answer: { status: 200, body: { discarded: 0, ...result } },
      },
    ],
  },
];
