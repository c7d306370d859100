import type { Component } from '../kernel/component.ts';
import { createRelay } from '../stages/relay/relay.ts';
import { createLeaseSessions } from '../stores/postgres/relay-leases.ts';
import { createOutboxSessions } from '../stores/postgres/relay-session.ts';
import { createOutboxUpkeep } from '../stores/postgres/relay-upkeep.ts';
import type { ProcessContext, Resources } from './resources.ts';

export function relayRole(context: ProcessContext, resources: Resources): Component[] {
  const { config } = context;
  const url = config.FRESHET_POSTGRES_URL;
  return [
    createRelay({
      ...context,
      relay: context.instance,
      outbox: createOutboxSessions(url),
      leases: createLeaseSessions(url),
      upkeep: createOutboxUpkeep(resources.database),
      producer: resources.producer,
      leaseMs: config.FRESHET_RELAY_LEASE_MS,
      pageRecords: config.FRESHET_RELAY_PAGE_RECORDS,
    }),
  ];
}
