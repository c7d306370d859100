import type { Component } from './kernel/component.ts';
import type { RunnerStatus } from './kernel/runner/options.ts';
import { outboxAdmission } from './main/admission.ts';
import type { CatalogPullRole } from './main/catalog-pull.ts';
import type { IngestRole } from './main/ingest.ts';
import type { RelayRole, RelayStatus } from './main/relay.ts';
import { openResources, type ProcessContext, type Resources } from './main/resources.ts';

export type PipelineRole =
  | 'ingest'
  | 'intake'
  | 'relay'
  | 'enrichment'
  | 'aggregation'
  | 'candidates'
  | 'catalog'
  | 'catalog-pull'
  | 'dlq-index';

/** The pipeline's part of a process: every stage, relay and door that it runs, wired to what is real. */
export interface Pipeline {
  /** To be started in this order and stopped in reverse; connections go last. */
  readonly components: readonly Component[];
  /** Routes of the ingest role. */
  readonly app: IngestRole['app'] | undefined;
  /** Takes served lists as impressions; of the ingest role. */
  readonly logSlate: IngestRole['logSlate'] | undefined;
  readonly resources: Resources;
  /** Each running stage: partitions, lag, last error. */
  status(): readonly RunnerStatus[];
  /** What operators do with dead letters; of the admin role. */
  readonly deadLetters: ReturnType<typeof import('./main/dead-letters.ts').openDeadLetters> | undefined;
  /** What the pull from a catalogue service does; undefined where this process has none. */
  catalogPull(): ReturnType<CatalogPullRole['status']> | undefined;
  /** Each outbox that the relay role serves here, ours first. */
  relays(): readonly RelayStatus[];
}

export interface PipelineOptions extends Omit<ProcessContext, 'onStage'> {
  readonly roles: ReadonlySet<string>;
  /** A new request id. */
  readonly makeId: () => string;
}

/** Wires the roles. Nothing connects yet: servers may be away, components wait for them. */
export async function createPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { roles } = options;
  const stages = new Map<string, () => RunnerStatus>();
  const onStage: ProcessContext['onStage'] = (name, status) =>
    void (status === undefined ? stages.delete(name) : stages.set(name, status));
  const context = { ...options, onStage };
  const resources = await openResources(context);
  const outbox = outboxAdmission(context);
  const { admission } = outbox;
  const ingest = roles.has('ingest')
    ? (await import('./main/ingest.ts')).ingestRole({ ...context, admission }, resources)
    : undefined;
  const relay: RelayRole | undefined = roles.has('relay')
    ? (await import('./main/relay.ts')).relayRole(context, resources)
    : undefined;
  const pull = roles.has('catalog-pull')
    ? (await import('./main/catalog-pull.ts')).catalogPullRole(context, resources, admission)
    : undefined;
  const deadLetters = roles.has('admin')
    ? (await import('./main/dead-letters.ts')).openDeadLetters({ ...context, ...resources })
    : undefined;
  // Each role's modules are read where it runs: a relay with the state stores' query builder takes 200 MB more.
  const byRole: Record<PipelineRole, () => Promise<readonly Component[]>> = {
    relay: async () => relay?.components ?? [],
    catalog: async () => (await import('./main/catalog.ts')).catalogRole(context, resources),
    'catalog-pull': async () => pull?.components ?? [],
    candidates: async () => (await import('./main/candidates.ts')).candidatesRole(context, resources),
    aggregation: async () => (await import('./main/stages.ts')).aggregationRole(context, resources),
    enrichment: async () => (await import('./main/stages.ts')).enrichmentRole(context, resources),
    'dlq-index': async () => (await import('./main/dlq-index.ts')).dlqIndexRole(context, resources),
    ingest: async () => ingest?.components ?? [],
    intake: async () => (await import('./main/intake.ts')).intakeRole(context, resources, admission),
  };
  const connections: Component = { name: 'connections', start: async () => ({ stop: () => resources.close() }) };
  const hasDoor = roles.has('ingest') || roles.has('intake') || pull !== undefined;
  const wanted: Component[] = [];
  for (const [role, make] of Object.entries(byRole)) if (roles.has(role)) wanted.push(...(await make()));
  return {
    components: [connections, ...(hasDoor ? [outbox.component] : []), ...wanted],
    app: ingest?.app,
    logSlate: ingest?.logSlate,
    resources,
    deadLetters,
    status: () => [...stages.values()].map((status) => status()),
    relays: () => relay?.status() ?? [],
    catalogPull: () => pull?.status(),
  };
}
