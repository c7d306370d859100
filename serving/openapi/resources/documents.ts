import { z } from 'zod';
import { batchLimit } from '../../../pipeline/domain/intake/request-limits.ts';
import type { Operation } from '../operation.ts';
import {
  configBatch,
  configResults,
  itemBatch,
  itemResult,
  itemResults,
  userBatch,
  userResult,
  userResults,
} from '../schemas/batches.ts';
import { storedItem, storedUser } from '../schemas/documents.ts';
import { id, namespace } from '../schemas/text.ts';
import { json, readProblems, writeProblems } from './shared.ts';

const upsert = { method: 'post', tag: 'Catalogue', access: 'ingest', problems: writeProblems } as const;
const versions =
  'An older write never overwrites a newer one, and the same write again changes nothing. Seen by lists within seconds.';
const rows = (name: string) => `At most ${batchLimit} ${name}, each whole. ${versions}`;

const upserts: readonly Operation[] = [
  {
    ...upsert,
    id: 'upsertItems',
    path: '/v1/items:upsert',
    aliases: ['/v1/items/upsert'],
    summary: 'Write items',
    description: rows('items'),
    body: itemBatch,
    answers: { 202: json('What became of each item.', itemResults) },
    examples: [
      {
        summary: 'One item',
        body: {
          items: [
            {
              item_id: 'sku-1',
              revision: 1,
              title: 'Running shoe',
              price: '59.90',
              currency: 'EUR',
              tags: ['category:shoes', 'brand:acme'],
            },
          ],
        },
        answer: { status: 202, body: { results: [{ item_id: 'sku-1', status: 'accepted', revision: 1 }] } },
      },
    ],
  },
  {
    ...upsert,
    id: 'upsertUsers',
    path: '/v1/users:upsert',
    aliases: ['/v1/users/upsert'],
    summary: 'Write users',
    description: rows('users'),
    body: userBatch,
    answers: { 202: json('What became of each user.', userResults) },
    examples: [
      {
        summary: 'One user',
        body: { users: [{ user_id: 'u-1', revision: 1, traits: { locale: 'de', newsletter: true } }] },
        answer: { status: 202, body: { results: [{ user_id: 'u-1', status: 'accepted', revision: 1 }] } },
      },
    ],
  },
  {
    ...upsert,
    access: 'admin',
    id: 'upsertConfig',
    path: '/v1/config:upsert',
    aliases: ['/v1/config/upsert'],
    summary: 'Write settings',
    description: rows('documents'),
    body: configBatch,
    answers: { 202: json('What became of each document.', configResults) },
    examples: [
      {
        summary: 'Show on the home page what was just seen',
        body: { documents: [{ revision: 1, body: { surfaces: { home: { exclude_seen: false } } } }] },
        answer: { status: 202, body: { results: [{ id: 'default', status: 'accepted', revision: 1 }] } },
      },
    ],
  },
];

const one = { tag: 'Catalogue', params: { id }, query: { namespace: namespace.optional() } } as const;
const revision = z
  .string()
  .regex(/^\d{1,16}$/)
  .optional()
  .describe('Of the deletion, at most 2^53 - 1; as new as the request where it is left out.');

const shown = (kind: 'item' | 'user', schema: z.ZodType, body: Readonly<Record<string, unknown>>): Operation => ({
  ...one,
  id: kind === 'item' ? 'getItem' : 'getUser',
  method: 'get',
  path: `/v1/${kind}s/{id}`,
  access: 'read',
  summary: kind === 'item' ? 'Read an item' : 'Read a user',
  description: 'What was accepted just now is shown when its record has come back.',
  answers: { 200: json(`The ${kind}.`, schema) },
  problems: { ...readProblems, 404: [`${kind}_unknown`] },
  examples: [
    { summary: 'As it is known', path: { id: kind === 'item' ? 'sku-2' : 'u-2' }, answer: { status: 200, body } },
    {
      summary: 'There is none',
      path: { id: 'nobody' },
      answer: {
        status: 404,
        body: {
          type: `urn:freshet:problem:${kind}_unknown`,
          title: 'Not found',
          status: 404,
          code: `${kind}_unknown`,
          detail: `no such ${kind}; what was accepted just now is shown when its record has come back`,
          path: 'id',
          request_id: 'r-4',
        },
      },
    },
  ],
});

const { 400: _, 413: __, 415: ___, ...withoutBody } = writeProblems;

/** What a deletion takes, and how it may fail. */
export const deletion = { ...one.query, revision };
export const deletionProblems = { ...withoutBody, 400: readProblems[400], 409: ['revision_conflict'] };

const removed = (kind: 'item' | 'user', schema: z.ZodType, field: string): Operation => ({
  ...one,
  id: kind === 'item' ? 'deleteItem' : 'deleteUser',
  method: 'delete',
  path: `/v1/${kind}s/{id}`,
  access: 'ingest',
  summary: kind === 'item' ? 'Delete an item' : 'Delete a user',
  description: 'What nobody has seen can be deleted too: a deletion may overtake the write.',
  query: deletion,
  answers: { 202: json('What became of the deletion.', schema) },
  problems: deletionProblems,
  examples: [
    {
      summary: 'One that is not known',
      path: { id: 'gone-1' },
      query: { revision: '7' },
      answer: { status: 202, body: { [field]: 'gone-1', status: 'accepted', revision: 7 } },
    },
  ],
});

const item = {
  namespace: 'default',
  item_id: 'sku-2',
  revision: 1,
  available: true,
  hidden: false,
  archived_at: null,
  tags: ['category:shoes'],
  title: 'Trail shoe',
  price: '79.00',
  currency: 'EUR',
};
const user = {
  namespace: 'default',
  user_id: 'u-2',
  revision: 1,
  traits: { locale: 'de' },
  consent: null,
  last_seen_at: null,
};

export const documentOperations: readonly Operation[] = [
  ...upserts,
  shown('item', storedItem, item),
  removed('item', itemResult, 'item_id'),
  shown('user', storedUser, user),
  removed('user', userResult, 'user_id'),
];
