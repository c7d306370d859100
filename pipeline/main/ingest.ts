import type { Admission } from '../kernel/admission.ts';
import type { Component } from '../kernel/component.ts';
import { messageOf } from '../kernel/errors.ts';
import { createIngest, type Ingest } from '../stages/ingest/ingest.ts';
import { openDatabase } from '../stores/postgres/database.ts';
import { createDocumentReader } from '../stores/postgres/document-reader.ts';
import { createEventKeyRotation } from '../stores/postgres/event-key-rotation.ts';
import { createIngestStore, ingestSession } from '../stores/postgres/ingest-store.ts';
import { createItemNumbers } from '../stores/postgres/item-numbers.ts';
import { createNamespaceSettings } from '../stores/postgres/namespace-settings.ts';
import { createRecentWriter } from '../stores/redis/recent-writer.ts';
import type { ProcessContext, Resources } from './resources.ts';

/** Group commits are few and large; more of them at once would only make them smaller. */
const commitConnections = 4;
/** Past any healthy commit: a connection that will never answer again is given up, and its group's slot is free. */
const commitTimeoutMs = 10_000;

export interface IngestRole {
  readonly app: Ingest['app'];
  readonly logSlate: Ingest['logSlate'];
  readonly components: readonly Component[];
}

/** The HTTP door, over a pool of its own: its session settings differ, and readers must not starve it. */
export function ingestRole(
  context: ProcessContext & { readonly makeId: () => string; readonly admission: Admission },
  resources: Resources,
): IngestRole {
  const { config, clock, log, metrics } = context;
  const { codec, database, redis, signal } = resources;
  const commits = openDatabase({
    url: config.FRESHET_POSTGRES_URL,
    maxConnections: commitConnections,
    settings: ingestSession,
    queryTimeoutMs: commitTimeoutMs,
    onIdleError: (error) => log.warn({ error: messageOf(error) }, 'idle Postgres connection broke, replacing it'),
  });
  const items = createItemNumbers({ db: database, monotonic: clock.monotonic });
  const settings = createNamespaceSettings({ db: database, clock, log });
  const { app, component, logSlate } = createIngest({
    ...context,
    codec,
    store: createIngestStore(commits),
    reader: createDocumentReader(database),
    settings: settings.source,
    recent: createRecentWriter({ redis, items, clock, metrics, log }),
    signal: () => signal.signal(),
    queueEvents: config.FRESHET_INGEST_QUEUE_EVENTS,
    heldBytes: config.FRESHET_INGEST_HELD_BYTES,
  });
  const pool: Component = { name: 'ingest-connections', start: async () => ({ stop: () => commits.close() }) };
  return {
    app,
    logSlate,
    components: [pool, settings.component, createEventKeyRotation({ db: database, clock, log }), component],
  };
}
