import type { Operation } from '../operation.ts';
import { configResult } from '../schemas/batches.ts';
import { list } from '../schemas/lists.ts';
import { rulesPreview, statedRules } from '../schemas/rules.ts';
import { id, namespace } from '../schemas/text.ts';
import { deletion, deletionProblems } from './documents.ts';
import { json, readProblems } from './shared.ts';

const base = { tag: 'Catalogue', access: 'admin' } as const;

export const ruleOperations: readonly Operation[] = [
  {
    ...base,
    id: 'getRules',
    method: 'get',
    path: '/v1/rules',
    summary: 'Rules that lists follow',
    description: 'They are written by `POST /v1/config:upsert`, as documents of kind `rule`.',
    query: { namespace: namespace.optional() },
    answers: { 200: json('The rules.', statedRules) },
    problems: readProblems,
    examples: [
      {
        summary: 'Of the default namespace',
        answer: {
          status: 200,
          body: {
            namespace: 'default',
            rules: [
              {
                id: 'new-first',
                revision: 3,
                action: 'boost',
                factor: 2,
                tags: ['tag:new'],
                enabled: true,
                priority: 0,
              },
            ],
          },
        },
      },
    ],
  },
  {
    ...base,
    id: 'previewRules',
    method: 'post',
    path: '/v1/rules:preview',
    aliases: ['/v1/rules/preview'],
    summary: "A user's list under other rules",
    description: 'Always explained; nothing is stored, counted or remembered.',
    body: rulesPreview,
    answers: { 200: json('The list as it would be.', list) },
    problems: {
      ...readProblems,
      400: ['malformed_json', 'too_deep', 'invalid_rule', ...readProblems[400]],
      413: ['body_too_large'],
      415: ['unsupported_media_type'],
      503: [...readProblems[503], 'no_list'],
    },
    examples: [
      {
        summary: 'With one item first',
        body: {
          request: { user_id: 'u-1', surface: 'home', limit: 5 },
          rules: [{ id: 'first', action: 'pin', item: 'sku-3', position: 1 }],
        },
        answer: { status: 200 },
      },
    ],
  },
  {
    ...base,
    id: 'deleteRule',
    method: 'delete',
    path: '/v1/rules/{id}',
    summary: 'Delete a rule',
    params: { id },
    query: deletion,
    answers: { 202: json('What became of the deletion.', configResult) },
    problems: deletionProblems,
    examples: [
      {
        summary: 'One that is not known',
        path: { id: 'gone-1' },
        query: { revision: '7' },
        answer: { status: 202, body: { id: 'gone-1', status: 'accepted', revision: 7 } },
      },
    ],
  },
];
