import type { OutboxLimits } from '../domain/outbox-limits.ts';
import { createOutboxAdmission } from '../stores/postgres/outbox-admission.ts';
import type { ProcessContext } from './resources.ts';

/** Whether the outbox has room, one for all doors of a process. */
export function outboxAdmission({ config, clock, log, metrics }: Omit<ProcessContext, 'onStage'>) {
  const all = {
    unpublishedRecords: config.FRESHET_OUTBOX_MAX_UNPUBLISHED,
    oldestAgeMs: config.FRESHET_OUTBOX_MAX_AGE_MS,
    outboxBytes: config.FRESHET_OUTBOX_MAX_BYTES,
    databaseBytes: config.FRESHET_DATABASE_MAX_BYTES,
  };
  const limits: OutboxLimits = Object.fromEntries(Object.entries(all).filter(([, limit]) => limit > 0));
  return createOutboxAdmission({ url: config.FRESHET_POSTGRES_URL, limits, clock, log, metrics });
}
