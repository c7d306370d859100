import { subjectOf, type TopicDef } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';
import type { RegistryClient } from '../broker/registry/registry-client.ts';
import { orderItemLimit } from '../domain/intake/commerce.ts';
import { impressionItemLimit } from '../domain/intake/impression.ts';
import { propertyLimits } from '../domain/intake/properties.ts';
import { batchLimit, bodyLimit } from '../domain/intake/request-limits.ts';
import { tagLimits } from '../domain/intake/tag.ts';
import { eventIdRule, idRule, namespaceRule } from '../domain/intake/text.ts';
import { defaultSettings } from '../domain/settings.ts';
import { TransientError } from '../kernel/errors.ts';
import { jsonDepthLimit } from '../kernel/json-depth.ts';

/** What the doors refuse beyond; those of events' ages are a namespace's own where its settings say so. */
const intakeLimits = {
  events_per_batch: batchLimit,
  body_bytes: bodyLimit,
  json_depth: jsonDepthLimit,
  event_id_characters: eventIdRule.max,
  id_characters: idRule.max,
  namespace_characters: namespaceRule.max,
  impression_items: impressionItemLimit,
  order_items: orderItemLimit,
  property_keys: propertyLimits.keys,
  property_bytes: propertyLimits.totalBytes,
  tags_per_item: tagLimits.count,
  tag_characters: tagLimits.length,
  max_event_age_ms: defaultSettings.max_event_age_ms,
  max_event_future_ms: defaultSettings.max_event_future_ms,
} as const;

/** A subject and the registry's id of the schema that is written today; null while the registry does not say. */
export interface SchemaInForce {
  readonly subject: string;
  readonly id: number | null;
}

export interface IntakeContract {
  readonly limits: Readonly<Record<string, number>>;
  schemas(): Promise<readonly SchemaInForce[]>;
}

/** Ids are asked for when somebody wants them, and kept: a text never gets another. */
export function createIntakeContract(registry: Pick<RegistryClient, 'idOf'>): IntakeContract {
  const known = new Map<string, number>();
  const idOf = async ({ subject, json }: { subject: string; json: string }): Promise<number | null> => {
    const kept = known.get(subject);
    if (kept !== undefined) return kept;
    const id = await registry.idOf(subject, json).catch((error: unknown) => {
      if (error instanceof TransientError) return undefined;
      throw error;
    });
    if (id !== undefined) known.set(subject, id);
    return id ?? null;
  };
  const subjects = (Object.values(topics) as TopicDef[]).map((topic) => {
    return { subject: subjectOf(topic), json: topic.schema.json };
  });
  return {
    limits: intakeLimits,
    schemas: () => Promise.all(subjects.map(async (one) => ({ subject: one.subject, id: await idOf(one) }))),
  };
}
