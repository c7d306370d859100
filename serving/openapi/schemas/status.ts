import { z } from 'zod';
import { named } from './named.ts';

const share = z.number().describe('From 0 to 1.');
const nullableMs = z.number().nullable();

export const contract = named(
  'Contract',
  'What a client may rely on, as numbers that programs can read.',
  z.object({
    version: z.string(),
    limits: z.record(z.string(), z.number()).describe('What is refused beyond.'),
    targets: z.object({
      kpi: z.object({
        ctr_at_20_pct: z.number(),
        avg_watch_time_sec: z.number(),
        catalog_coverage_at_20_pct: z.number(),
      }),
      sla: z.object({ p95_ms: z.number(), p99_ms: z.number(), error_rate: share }),
    }),
    schemas: z
      .array(z.object({ subject: z.string(), id: z.int().nullable() }))
      .describe('Schemas that are written today, by subject; the id is null while the registry does not say.'),
  }),
);

export const recoMetrics = named(
  'RecoMetrics',
  'Requests for lists in this process, over a window.',
  z.object({
    window_sec: z.number(),
    max_samples: z.int(),
    sample_size: z.int(),
    latency_ms: z.object({ p50: nullableMs, p95: nullableMs, p99: nullableMs }),
    statuses: z.object({ '2xx': z.int(), '4xx': z.int(), '5xx': z.int() }),
    error_rate: share.describe('Share of 5xx answers.'),
    sla: z.object({
      targets: z.object({ p95_ms: z.number(), p99_ms: z.number(), error_rate: share }),
      kept: z.object({ p95_ms: z.boolean(), p99_ms: z.boolean(), error_rate: z.boolean() }),
      ok: z.boolean(),
    }),
  }),
);

export const health = named(
  'Health',
  'The process is alive; what its parts say of themselves differs by role.',
  z.object({ status: z.literal('ok'), ready: z.boolean(), subsystems: z.record(z.string(), z.unknown()) }),
);

export const ready = named('Ready', 'The process wants requests.', z.object({ status: z.literal('ready') }));
