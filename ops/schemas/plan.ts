import type { RegistryConnection } from '../../pipeline/kernel/server-connections.ts';
import type { TopicDef } from '../../schemas/topic.ts';
import { checkedSchemas } from './checked-schemas.ts';
import { type DeployOrder, deployOrder } from './deploy-order.ts';
import type { Finding } from './finding.ts';
import { createRegistryAdmin, type RegistryAdmin } from './registry-admin.ts';
import { type SchemaChange, schemaChanges } from './schema-changes.ts';
import type { SchemaSource } from './schema-files.ts';

/** What `apply` would do to one subject. */
export interface SubjectPlan {
  readonly subject: string;
  /** Set where the subject's own level would change: null means that it has none yet. */
  readonly level: { readonly is: string | null; readonly wanted: string } | undefined;
  /** Numbers in `schemas/history` that would be registered. */
  readonly pending: readonly number[];
  /** Why the registry would refuse the first of them, in its own words; empty where it would not. */
  readonly refusals: readonly string[];
  /** From the newest version that the registry has; none for a new subject. */
  readonly changes: readonly SchemaChange[];
  readonly deploy: DeployOrder | undefined;
}

export interface SchemasPlan {
  /** What `schemas check` finds; nothing was asked of the registry then. */
  readonly findings: readonly Finding[];
  /** Subjects for which there is something to do, in the catalogue's order. */
  readonly subjects: readonly SubjectPlan[];
  /** Subjects with versions that `schemas/history` lacks: they are left alone. */
  readonly ahead: readonly { readonly subject: string; readonly versions: number }[];
}

export interface PlanOptions {
  readonly registryUrl: string;
  /** Credentials and TLS besides, where the registry wants them. */
  readonly registry?: RegistryConnection;
  readonly root: string;
  /** Topics with Avro values; the catalogue's by default. */
  readonly topics?: readonly TopicDef[];
}

/** Compares the recorded versions with a registry and changes nothing. TransientError where it is away. */
export async function planSchemas(options: PlanOptions): Promise<SchemasPlan> {
  const { registryUrl, root, topics } = options;
  const { sources, findings } = checkedSchemas({ root, ...(topics && { avroTopics: topics }) });
  if (findings.length > 0) return { findings, subjects: [], ahead: [] };
  const registry = createRegistryAdmin({ ...options.registry, url: registryUrl });
  const subjects: SubjectPlan[] = [];
  const ahead: SchemasPlan['ahead'][number][] = [];
  for (const source of sources) {
    for (const subject of source.subjects) {
      const plan = await planSubject(registry, source, subject);
      if (plan.level || plan.pending.length > 0) subjects.push(plan);
      const known = source.versions.length - plan.pending.length;
      const versions = (await registry.versions(subject)).length - known;
      if (versions > 0) ahead.push({ subject, versions });
    }
  }
  return { findings, subjects, ahead };
}

async function planSubject(registry: RegistryAdmin, source: SchemaSource, subject: string): Promise<SubjectPlan> {
  const { versions, level: wanted } = source;
  const is = (await registry.compatibility(subject)) ?? null;
  const found = await Promise.all(versions.map(async ({ json }) => (await registry.find(subject, json)) !== undefined));
  const pending = versions.filter((_, at) => !found[at]);
  const [first] = pending;
  const verdict = first && (await registry.verdict(subject, first.json));
  const before = versions[found.lastIndexOf(true)];
  const last = pending.at(-1);
  const isChange = before !== undefined && last !== undefined && last.number > before.number;
  return {
    subject,
    level: is === wanted ? undefined : { is, wanted },
    pending: pending.map(({ number }) => number),
    refusals: verdict === undefined || verdict.isCompatible ? [] : reasons(verdict.messages),
    changes: isChange ? schemaChanges(last.json, before.json) : [],
    deploy: isChange ? deployOrder(last.json, before.json, source.topics) : undefined,
  };
}

const reasons = (messages: readonly string[]) => (messages.length > 0 ? messages : ['it gives no reason']);
