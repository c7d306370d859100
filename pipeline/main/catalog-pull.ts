import type { Admission } from '../kernel/admission.ts';
import type { Component } from '../kernel/component.ts';
import { messageOf } from '../kernel/errors.ts';
import type { PullStatus } from '../stages/ingest/pull/progress.ts';
import { createCatalogPull } from '../stages/ingest/pull/pull.ts';
import { createHttpCatalog } from '../stores/http/catalog-source.ts';
import { openDatabase } from '../stores/postgres/database.ts';
import { createIngestStore, ingestSession } from '../stores/postgres/ingest-store.ts';
import { createNamespaceSettings } from '../stores/postgres/namespace-settings.ts';
import { createPullMarks } from '../stores/postgres/pull-marks.ts';
import type { ProcessContext, Resources } from './resources.ts';

const commitConnections = 2;
/** Past any healthy commit. */
const commitTimeoutMs = 10_000;

export interface CatalogPullRole {
  readonly components: readonly Component[];
  status(): PullStatus;
}

/** The pull from a catalogue service; undefined where the configuration names none. */
export function catalogPullRole(
  context: ProcessContext,
  resources: Resources,
  admission: Admission,
): CatalogPullRole | undefined {
  const { config, clock, log, instance } = context;
  const { FRESHET_CATALOG_PULL_URL: url, FRESHET_CATALOG_PULL_NAMESPACE: namespace } = config;
  if (url === '') return undefined;
  const { database, codec, signal } = resources;
  const commits = openDatabase({
    url: config.FRESHET_POSTGRES_URL,
    maxConnections: commitConnections,
    settings: ingestSession,
    queryTimeoutMs: commitTimeoutMs,
    onIdleError: (error) => log.warn({ error: messageOf(error) }, 'idle Postgres connection broke, replacing it'),
  });
  const settings = createNamespaceSettings({ db: database, clock, log });
  const { component, status } = createCatalogPull({
    ...context,
    ref: { namespace, url },
    everyMs: config.FRESHET_CATALOG_PULL_EVERY_MS,
    overlapMs: config.FRESHET_CATALOG_PULL_OVERLAP_MS,
    owner: instance,
    source: createHttpCatalog({ url, token: config.FRESHET_CATALOG_PULL_TOKEN, clock }),
    marks: createPullMarks(database),
    codec,
    store: createIngestStore(commits),
    settings: settings.source,
    admission,
    signal: () => signal.signal(),
    queueEvents: config.FRESHET_INGEST_QUEUE_EVENTS,
  });
  const pool: Component = { name: 'catalog-pull-connections', start: async () => ({ stop: () => commits.close() }) };
  return { components: [pool, settings.component, component], status };
}
