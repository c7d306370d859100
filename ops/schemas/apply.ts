import type { Logger } from '../../pipeline/kernel/logger.ts';
import type { RegistryConnection } from '../../pipeline/kernel/server-connections.ts';
import type { TopicDef } from '../../schemas/topic.ts';
import { checkedSchemas } from './checked-schemas.ts';
import { refuse } from './finding.ts';
import { createRegistryAdmin, type RegistryAdmin } from './registry-admin.ts';
import type { SchemaSource } from './schema-files.ts';

export interface ApplySchemasOptions {
  /** Base of the Confluent-compatible API. */
  readonly registryUrl: string;
  /** Credentials and TLS besides, where the registry wants them. */
  readonly registry?: RegistryConnection;
  /** The checkout (or image) that holds `schemas/`. */
  readonly root: string;
  /** Topics with Avro values; the catalogue's by default. */
  readonly topics?: readonly TopicDef[];
  readonly log: Logger;
  readonly dryRun?: boolean;
}

export interface AppliedVersion {
  /** Number in `schemas/history`. */
  readonly version: number;
  /** The registry's id; null where a dry run has none yet. */
  readonly id: number | null;
  readonly action: 'present' | 'registered' | 'would_register';
}

export interface AppliedSubject {
  readonly subject: string;
  /** What the level was before; null where the subject had none of its own. */
  readonly compatibilityWas: string | null;
  /** What it is now, or after a dry run would be. */
  readonly compatibility: string;
  readonly versions: readonly AppliedVersion[];
  /** Versions that only the registry has: a newer release was here, or somebody registered by hand. */
  readonly onlyInRegistry: number;
}

/**
 * The one place that registers schemas: sets each subject to its level (FULL_TRANSITIVE unless the catalogue says otherwise)
 * and registers its recorded versions in order. A second run changes nothing. Refuses (`schemas_refused`) what `schemas check` refuses, before any call.
 * Versions that only the registry has are left alone: rolling a release back must not fail here.
 * Ids differ between registries, so none is written to the checkout; services look theirs up.
 */
export async function applySchemas(options: ApplySchemasOptions): Promise<AppliedSubject[]> {
  const { registryUrl, root, log, dryRun = false } = options;
  const { sources, findings } = checkedSchemas({ root, ...(options.topics && { avroTopics: options.topics }) });
  refuse(findings);
  const registry = createRegistryAdmin({ ...options.registry, url: registryUrl });
  const applied: AppliedSubject[] = [];
  for (const source of sources) {
    for (const subject of source.subjects) applied.push(await applySubject({ registry, source, subject, dryRun }));
  }
  const ahead = applied.filter(({ onlyInRegistry }) => onlyInRegistry > 0).map(({ subject }) => subject);
  if (ahead.length > 0) log.warn({ subjects: ahead }, 'the registry has versions that schemas/history lacks');
  const registered = applied.flatMap(({ versions }) => versions).filter(({ action }) => action === 'registered').length;
  log.info({ subjects: applied.length, registered, dryRun }, 'schemas applied');
  return applied;
}

interface SubjectWork {
  readonly registry: RegistryAdmin;
  readonly source: SchemaSource;
  readonly subject: string;
  readonly dryRun: boolean;
}

async function applySubject(work: SubjectWork): Promise<AppliedSubject> {
  const { registry, source, subject, dryRun } = work;
  const was = await registry.compatibility(subject);
  const setLevel = async () => {
    if (was !== source.level && !dryRun) await registry.setCompatibility(subject, source.level);
  };
  if (was !== undefined) await setLevel();
  const versions: AppliedVersion[] = [];
  for (const { number, json } of source.versions) {
    versions.push(await applyVersion(work, number, json));
    if (was === undefined && versions.length === 1) await setLevel(); // not every registry takes it before a version
  }
  const present = versions.filter(({ id }) => id !== null).length;
  const onlyInRegistry = Math.max(0, (await registry.versions(subject)).length - present);
  return { subject, compatibilityWas: was ?? null, compatibility: source.level, versions, onlyInRegistry };
}

async function applyVersion(
  { registry, subject, dryRun }: SubjectWork,
  version: number,
  json: string,
): Promise<AppliedVersion> {
  const present = await registry.find(subject, json);
  if (present !== undefined) return { version, id: present.id, action: 'present' };
  if (dryRun) return { version, id: null, action: 'would_register' };
  const { id } = await registry.register(subject, json);
  return { version, id, action: 'registered' };
}
