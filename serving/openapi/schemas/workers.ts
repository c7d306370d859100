import { z } from 'zod';
import { named } from './named.ts';
import { problem } from './problem.ts';

const at = z.iso.datetime();

const missing = z.object({
  stage: z.string(),
  state_version: z.int(),
  topics: z.array(z.string()),
  last_reported_by: z.array(z.string()),
  lag_records: z.number().nullable(),
  offsets: z.array(
    z.object({
      topic: z.string(),
      partition: z.int(),
      next: z.string(),
      lag_records: z.number().nullable(),
      owner: z.string().nullable(),
      moved_at: at,
    }),
  ),
});

const counts = z.record(z.string(), z.number()).describe('By reason.');

const stage = z.object({
  stage: z.string(),
  state_version: z.int(),
  name: z.string(),
  instance: z.string(),
  state: z.string(),
  topics: z.array(z.string()),
  lag_records: z.number(),
  lag_seconds: z.number(),
  records: z.object({ processed: z.number(), skipped: counts, dead_lettered: counts }),
  batches: z.object({
    count: z.number(),
    mean_records: z.number(),
    last_records: z.number(),
    last_seconds: z.number(),
  }),
  last_error: z.object({ message: z.string(), at }).nullable(),
  partitions: z.array(
    z.object({
      topic: z.string(),
      partition: z.int(),
      next: z.string(),
      lag_records: z.number(),
      lag_seconds: z.number(),
      stalled_seconds: z.number(),
      paused: z.string().nullable(),
      waiting_for: z.string().nullable(),
    }),
  ),
});

const worker = z.object({
  instance: z.string(),
  state: z.enum(['running', 'stale']),
  roles: z.array(z.string()),
  app_version: z.string(),
  started_at: at,
  seen_at: at,
  silent_seconds: z.number(),
  relays: z.array(z.record(z.string(), z.unknown())),
  serving: z.record(z.string(), z.unknown()).optional(),
});

const members = { missing: z.array(missing), stages: z.array(stage), workers: z.array(worker) };

export const workers = named(
  'Workers',
  'Each stage of each process; those that nobody runs come first.',
  z.object(members),
);

export const workersAlone = named(
  'WorkersAlone',
  'While Postgres is away: a problem, and of all processes the one that answers.',
  z.object({ ...problem.shape, ...members }),
);
