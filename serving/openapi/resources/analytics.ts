import type { Operation } from '../operation.ts';
import { baseline, replayedList } from '../schemas/analytics.ts';
import { id, namespace, number } from '../schemas/text.ts';
import { json, readProblems } from './shared.ts';

const get = { method: 'get', tag: 'Operation', access: 'admin' } as const;

export const analyticsOperations: readonly Operation[] = [
  {
    ...get,
    id: 'getBaseline',
    path: '/analytics/baseline',
    summary: 'Clicks, time watched and share of the catalogue shown',
    query: {
      namespace: namespace.optional(),
      days: number({ min: 1, max: 90, integer: true }).optional().describe('How far back; 7 where it is left out.'),
    },
    answers: { 200: json('The figures.', baseline) },
    problems: { ...readProblems, 503: [...readProblems[503], 'analytics_too_slow', 'analytics_busy'] },
    examples: [{ summary: 'Of a week', query: { days: '7' }, answer: { status: 200 } }],
  },
  {
    ...get,
    id: 'getRequest',
    path: '/v1/requests/{request_id}',
    summary: 'A past answer made again',
    description: 'Known to the process that gave it, while it is among its newest.',
    params: { request_id: id },
    query: {
      offset: number({ min: 0, max: 200, integer: true })
        .optional()
        .describe('Of a later page: the number of items before it.'),
    },
    answers: { 200: json('The answer, explained.', replayedList) },
    problems: { ...readProblems, 404: ['request_not_retained'], 503: [...readProblems[503], 'no_list'] },
    examples: [{ summary: 'One that is not kept', path: { request_id: 'r-unknown' }, answer: { status: 404 } }],
  },
];
