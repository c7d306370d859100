import { z } from 'zod';
import type { Operation } from '../operation.ts';
import { contract, health, ready, recoMetrics } from '../schemas/status.ts';
import { workers, workersAlone } from '../schemas/workers.ts';
import { json } from './shared.ts';

const get = { method: 'get', tag: 'Operation', access: 'open' } as const;
const etag = { ETag: 'Names this text; send it as `If-None-Match`.', 'Cache-Control': 'How long it may be kept.' };
const unchanged = { description: 'What you have is current.', headers: etag };
const ok = (summary: string, body?: unknown) => ({
  summary,
  answer: { status: 200, ...(body === undefined ? {} : { body }) },
});

export const statusOperations: readonly Operation[] = [
  {
    ...get,
    id: 'getContract',
    path: '/contract',
    summary: 'Limits, targets and schema ids in force',
    answers: { 200: json('The contract.', contract) },
    examples: [ok('The contract')],
  },
  {
    ...get,
    id: 'getRecoMetrics',
    path: '/metrics/reco',
    access: 'admin',
    summary: 'How lists were answered, and whether that keeps the SLA',
    answers: { 200: json('The window.', recoMetrics) },
    examples: [ok('The window')],
  },
  {
    ...get,
    id: 'getMetrics',
    path: '/metrics/prometheus',
    aliases: ['/metrics'],
    access: 'admin',
    summary: 'Metrics for Prometheus',
    answers: { 200: { description: 'In the text format of Prometheus.', mediaType: 'text/plain', schema: z.string() } },
    examples: [ok('A scrape')],
  },
  {
    ...get,
    id: 'getWorkers',
    path: '/stream/worker',
    access: 'admin',
    summary: 'Each stage of each process',
    answers: {
      200: json('All of the installation.', workers),
      503: {
        description: '`unavailable`: Postgres is away.',
        mediaType: 'application/problem+json',
        schema: workersAlone,
      },
    },
    examples: [ok('All of the installation')],
  },
  {
    ...get,
    id: 'getHealth',
    path: '/healthz',
    summary: 'Alive?',
    answers: { 200: json('It is.', health) },
    examples: [ok('It is')],
  },
  {
    ...get,
    id: 'getReadiness',
    path: '/readyz',
    summary: 'Ready for requests?',
    answers: { 200: json('It is.', ready) },
    problems: { 503: ['not_ready'] },
    examples: [ok('It is', { status: 'ready' })],
  },
  {
    ...get,
    id: 'getOpenapi',
    path: '/openapi.json',
    summary: 'This document',
    answers: {
      200: { ...json('OpenAPI 3.1.', z.record(z.string(), z.unknown())), headers: etag },
      304: unchanged,
    },
    examples: [ok('This document')],
  },
  {
    ...get,
    id: 'getDocs',
    path: '/docs',
    summary: 'This document as a page to read',
    answers: {
      200: { description: 'The page.', mediaType: 'text/html', schema: z.string(), headers: etag },
      304: unchanged,
    },
    examples: [ok('The page')],
  },
];
