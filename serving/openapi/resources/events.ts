import { z } from 'zod';
import { batchLimit } from '../../../pipeline/domain/intake/request-limits.ts';
import type { Operation } from '../operation.ts';
import {
  eventBatch,
  eventResult,
  eventResults,
  impressionAnswer,
  impressionOrBatch,
  logBatch,
  logResults,
} from '../schemas/batches.ts';
import { impression } from '../schemas/impression.ts';
import { interaction, watchEvent } from '../schemas/interaction.ts';
import { json, oneProblems, writeProblems } from './shared.ts';

const partial = z
  .enum(['true', 'false'])
  .optional()
  .describe('`false`: where any is at fault nothing is stored (422).');

const write = { method: 'post', tag: 'Events', access: 'ingest' } as const;
const click = {
  event_id: 'e-1',
  user_id: 'u-1',
  item_id: 'sku-1',
  type: 'click',
  context: { surface: 'home' },
};
const accepted = (eventId: string) => ({ event_id: eventId, status: 'accepted', received_at: 1_769_852_400_000 });
const slate = {
  event_id: 's-1',
  user_id: 'u-1',
  request_id: 'r-1',
  surface: 'home',
  items: [
    { item_id: 'sku-1', position: 1, sources: ['session-knn'] },
    { item_id: 'sku-2', position: 2 },
  ],
};
const watched = { event_id: 'w-1', user_id: 'u-1', item_id: 'sku-2', value: 42.5 };

const batch: Operation = {
  ...write,
  id: 'sendEvents',
  path: '/v1/events:batch',
  aliases: ['/v1/events/batch'],
  summary: 'Hand in interactions',
  description: `At most ${batchLimit}. One result an event, in order. An \`event_id\` that comes twice in one batch is refused with the whole batch.`,
  query: { partial },
  body: eventBatch,
  answers: { 202: json('What became of each event.', eventResults) },
  problems: writeProblems,
  examples: [
    {
      summary: 'Two events, one at fault',
      body: { events: [click, { event_id: 'e-2', user_id: 'u-1', item_id: 'sku-1', type: 'rating', value: 6 }] },
      answer: {
        status: 202,
        body: {
          results: [
            accepted('e-1'),
            {
              event_id: 'e-2',
              status: 'rejected',
              error: { code: 'out_of_range', path: '$.events[1].value', message: 'must be at most 5', limit: 5 },
            },
          ],
        },
      },
    },
    {
      summary: 'All or nothing',
      query: { partial: 'false' },
      body: {
        events: [
          { ...click, event_id: 'e-3' },
          { event_id: 'e-4', user_id: 'u-1', type: 'view' },
        ],
      },
      answer: {
        status: 422,
        body: {
          type: 'urn:freshet:problem:required',
          title: 'Not valid',
          status: 422,
          code: 'required',
          detail: 'nothing was stored: $.events[1].item_id is required',
          path: '$.events[1].item_id',
          errors: [{ code: 'required', path: '$.events[1].item_id', message: 'is required' }],
          request_id: 'r-2',
        },
      },
    },
  ],
};

const single: Operation = {
  ...write,
  id: 'sendEvent',
  path: '/v1/events',
  aliases: ['/event'],
  summary: 'Hand in one interaction',
  body: interaction,
  answers: { 202: json('What became of it.', eventResult) },
  problems: oneProblems,
  examples: [
    {
      summary: 'A purchase, one line of an order',
      body: {
        event_id: 'order-17-line-1',
        user_id: 'u-1',
        item_id: 'sku-1',
        type: 'purchase',
        value: 2,
        commerce: { order_id: '17', unit_price: '9.90', currency: 'EUR' },
      },
      answer: { status: 202, body: accepted('order-17-line-1') },
    },
    {
      summary: 'What is missing is named',
      body: { event_id: 'e-5', user_id: 'u-1', item_id: 'sku-1', type: 'add' },
      answer: {
        status: 422,
        body: {
          type: 'urn:freshet:problem:required',
          title: 'Not valid',
          status: 422,
          code: 'required',
          detail: 'nothing was stored: $.value is required for type add',
          path: '$.value',
          errors: [{ code: 'required', path: '$.value', message: 'is required for type add' }],
          request_id: 'r-3',
        },
      },
    },
  ],
};

const watches: Operation = {
  ...write,
  id: 'logWatch',
  path: '/log/watch',
  summary: 'Hand in one watch',
  description: 'An alias of `POST /v1/events` for one type.',
  body: watchEvent,
  answers: { 202: json('What became of it.', eventResult) },
  problems: oneProblems,
  examples: [{ summary: 'Seconds watched', body: watched, answer: { status: 202, body: accepted('w-1') } }],
};

const impressions: Operation = {
  ...write,
  id: 'sendImpressions',
  path: '/v1/impressions',
  summary: 'Hand in slates that were shown',
  query: { partial },
  body: impressionOrBatch,
  answers: { 202: json('The result of the slate, or of each.', impressionAnswer) },
  problems: writeProblems,
  examples: [{ summary: 'One slate', body: slate, answer: { status: 202, body: accepted('s-1') } }],
};

const impressionLog: Operation = {
  ...write,
  id: 'logImpression',
  path: '/log/impression',
  summary: 'Hand in one slate',
  description: 'An alias of `POST /v1/impressions` for one slate.',
  body: impression,
  answers: { 202: json('What became of it.', eventResult) },
  problems: oneProblems,
  examples: [
    { summary: 'One slate', body: { ...slate, event_id: 's-2' }, answer: { status: 202, body: accepted('s-2') } },
  ],
};

const log: Operation = {
  ...write,
  id: 'logBatch',
  path: '/log/batch',
  summary: 'Hand in slates, watches and interactions together',
  description: 'One transaction; results stand under the same names.',
  body: logBatch,
  answers: { 202: json('What became of each.', logResults) },
  problems: writeProblems,
  examples: [
    {
      summary: 'A watch and a slate',
      body: { watches: [{ ...watched, event_id: 'w-2' }], impressions: [{ ...slate, event_id: 's-3' }] },
      answer: { status: 202, body: { impressions: [accepted('s-3')], watches: [accepted('w-2')] } },
    },
  ],
};

export const eventOperations: readonly Operation[] = [batch, single, watches, impressions, impressionLog, log];
