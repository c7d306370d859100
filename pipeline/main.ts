import type { Component } from './kernel/component.ts';
import type { RunnerStatus } from './kernel/runner/options.ts';
import { outboxAdmission } from './main/admission.ts';
import { candidatesRole } from './main/candidates.ts';
import { catalogRole } from './main/catalog.ts';
import { type IngestRole, ingestRole } from './main/ingest.ts';
import { intakeRole } from './main/intake.ts';
import { relayRole } from './main/relay.ts';
import { openResources, type ProcessContext, type Resources } from './main/resources.ts';
import { aggregationRole, dlqIndexRole, enrichmentRole } from './main/stages.ts';

export type PipelineRole = 'ingest' | 'intake' | 'relay' | 'enrichment' | 'aggregation' | 'candidates' | 'catalog' | 'dlq-index';

/** The pipeline's part of a process: every stage, relay and door that it runs, wired to what is real. */
export interface Pipeline {
  /** To be started in this order and stopped in reverse; connections go last. */
  readonly components: readonly Component[];
  /** Routes of the ingest role. */
  readonly app: IngestRole['app'] | undefined;
  readonly resources: Resources;
  /** Each running stage: partitions, lag, last error. */
  status(): readonly RunnerStatus[];
}

export interface PipelineOptions extends Omit<ProcessContext, 'onStage'> {
  readonly roles: ReadonlySet<string>;
  /** The version of state that stages write. */
  readonly stateVersion: number;
  /** A new request id. */
  readonly makeId: () => string;
}

/** Wires the roles. Nothing connects yet: servers may be away, components wait for them. */
export async function createPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { roles, stateVersion } = options;
  const stages = new Map<string, () => RunnerStatus>();
  const context = { ...options, onStage: (name: string, status: () => RunnerStatus) => void stages.set(name, status) };
  const resources = await openResources(context);
  const outbox = outboxAdmission(context);
  const { admission } = outbox;
  const ingest = roles.has('ingest') ? ingestRole({ ...context, admission }, resources) : undefined;
  const byRole: Record<PipelineRole, () => readonly Component[]> = {
    relay: () => relayRole(context, resources),
    catalog: () => catalogRole(context, resources),
    candidates: () => candidatesRole(context, resources, stateVersion),
    aggregation: () => aggregationRole(context, resources, stateVersion),
    enrichment: () => enrichmentRole(context, resources),
    'dlq-index': () => dlqIndexRole(context, resources),
    ingest: () => ingest?.components ?? [],
    intake: () => intakeRole(context, resources, admission),
  };
  const connections: Component = { name: 'connections', start: async () => ({ stop: () => resources.close() }) };
  const hasDoor = roles.has('ingest') || roles.has('intake');
  const wanted = Object.entries(byRole).filter(([role]) => roles.has(role));
  return {
    components: [connections, ...(hasDoor ? [outbox.component] : []), ...wanted.flatMap(([, make]) => make())],
    app: ingest?.app,
    resources,
    status: () => [...stages.values()].map((status) => status()),
  };
}
