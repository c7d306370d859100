import { type ConfigChanged, configChangedSchema } from './generated/config-changed.v1.ts';
import { type DeadLetter, deadLetterSchema } from './generated/dead-letter.v1.ts';
import { type ImpressionRecorded, impressionRecordedSchema } from './generated/impression-recorded.v1.ts';
import { type InteractionEnriched, interactionEnrichedSchema } from './generated/interaction-enriched.v1.ts';
import { type InteractionRecorded, interactionRecordedSchema } from './generated/interaction-recorded.v1.ts';
import { type InteractionSubmitted, interactionSubmittedSchema } from './generated/interaction-submitted.v1.ts';
import { type ItemChanged, itemChangedSchema } from './generated/item-changed.v1.ts';
import { type ProfileUpdated, profileUpdatedSchema } from './generated/profile-updated.v1.ts';
import { type SessionUpdated, sessionUpdatedSchema } from './generated/session-updated.v1.ts';
import { type UserChanged, userChangedSchema } from './generated/user-changed.v1.ts';
import type { CatalogueTopic, TopicDef } from './topic.ts';

const day = 86_400_000;
const mebibyte = 1_048_576;
const replayable = 'State can be rebuilt from 400 days of input: a full year and a season of overlap.';
const takenIn =
  'A week of outage can be waited out, and idempotency keys, kept for 30 days, know all that the topic still holds.';
const compacted = 'Compacted: the newest record a key is the state, kept for ever.';

/** The topology. Topics are shared by all namespaces: the namespace is in the key, never in the name. */
export const topics = {
  interactionSubmitted: {
    name: 'engagement.interaction.submitted.v1',
    schema: interactionSubmittedSchema,
    key: 'ns|user',
    partitions: 8,
    cleanup: 'delete',
    retentionMs: 7 * day,
    retentionReason: takenIn,
    producers: ['client'],
    consumers: ['intake'],
    maxMessageBytes: mebibyte,
  } satisfies TopicDef<InteractionSubmitted>,
  interactionRecorded: {
    name: 'engagement.interaction.recorded.v1',
    schema: interactionRecordedSchema,
    key: 'ns|user',
    partitions: 8,
    cleanup: 'delete',
    retentionMs: 400 * day,
    retentionReason: replayable,
    producers: ['ingest', 'intake'],
    // Aggregation reads it where a version of state is built from recorded interactions.
    consumers: ['enrichment', 'aggregation'],
    maxMessageBytes: mebibyte,
  } satisfies TopicDef<InteractionRecorded>,
  impressionRecorded: {
    name: 'engagement.impression.recorded.v1',
    schema: impressionRecordedSchema,
    key: 'ns|user',
    partitions: 8,
    cleanup: 'delete',
    retentionMs: 400 * day,
    retentionReason: replayable,
    producers: ['ingest'],
    consumers: ['exposure'],
    maxMessageBytes: mebibyte,
  } satisfies TopicDef<ImpressionRecorded>,
  interactionEnriched: {
    name: 'engagement.interaction.enriched.v1',
    schema: interactionEnrichedSchema,
    carries: 'engagement.interaction.recorded.v1',
    key: 'ns|user',
    partitions: 8,
    cleanup: 'delete',
    retentionMs: 400 * day,
    retentionReason: replayable,
    producers: ['enrichment'],
    consumers: ['aggregation'],
    maxMessageBytes: mebibyte,
  } satisfies TopicDef<InteractionEnriched>,
  itemChanged: {
    name: 'catalog.item.changed.v1',
    schema: itemChangedSchema,
    key: 'ns|item',
    partitions: 8,
    cleanup: 'compact',
    retentionMs: -1,
    retentionReason: compacted,
    producers: ['ingest'],
    consumers: ['catalog-items'],
    maxMessageBytes: mebibyte,
  } satisfies TopicDef<ItemChanged>,
  userChanged: {
    name: 'audience.user.changed.v1',
    schema: userChangedSchema,
    key: 'ns|user',
    partitions: 8,
    cleanup: 'compact',
    retentionMs: -1,
    retentionReason: compacted,
    producers: ['ingest'],
    consumers: ['catalog-users'],
    maxMessageBytes: mebibyte,
  } satisfies TopicDef<UserChanged>,
  configChanged: {
    name: 'platform.config.changed.v1',
    schema: configChangedSchema,
    key: 'ns|kind|id',
    partitions: 1,
    cleanup: 'compact',
    retentionMs: -1,
    retentionReason: compacted,
    producers: ['ingest'],
    consumers: ['catalog-config'],
    maxMessageBytes: mebibyte,
  } satisfies TopicDef<ConfigChanged>,
  profileUpdated: {
    name: 'recommendation.profile.updated.v1',
    schema: profileUpdatedSchema,
    key: 'version|ns|user',
    partitions: 8,
    cleanup: 'compact',
    retentionMs: -1,
    retentionReason: compacted,
    producers: ['aggregation'],
    consumers: ['candidates'],
    maxMessageBytes: mebibyte,
  } satisfies TopicDef<ProfileUpdated>,
  sessionUpdated: {
    name: 'engagement.session.updated.v1',
    schema: sessionUpdatedSchema,
    key: 'version|ns|sha256/128(user_id, 0x1f, session_id)',
    partitions: 8,
    cleanup: 'compact,delete',
    retentionMs: 30 * day,
    retentionReason: 'The session index drops what is older than 30 days.',
    producers: ['aggregation'],
    consumers: ['candidates'],
    maxMessageBytes: mebibyte,
  } satisfies TopicDef<SessionUpdated>,
} as const;

/** Topics whose values are unframed JSON: no schema is registered for them. */
export const jsonTopics = {
  engagementEvents: {
    name: 'engagement-events',
    key: 'ns|user',
    partitions: 8,
    cleanup: 'delete',
    retentionMs: 7 * day,
    retentionReason: takenIn,
    producers: ['client', 'outbox-writer'],
    consumers: ['intake'],
    maxMessageBytes: mebibyte,
  } satisfies CatalogueTopic,
} as const;

/** Every topic that is not made from another. */
export const sourceTopics: readonly CatalogueTopic[] = [...Object.values(topics), ...Object.values(jsonTopics)];

/** What the envelope of a dead letter may add to a record, in bytes. */
export const deadLetterRoom = 65_536;

/** The dead-letter topic of a stage that consumes `source`: same partitions, its records kept untouched. */
export function deadLetterTopic(source: CatalogueTopic, stage: string): TopicDef<DeadLetter> {
  return {
    name: `${source.name}.${stage}.dlq`,
    schema: deadLetterSchema,
    key: 'the original key',
    partitions: source.partitions,
    cleanup: 'delete',
    retentionMs: 30 * day,
    retentionReason: "As long as the operators' index keeps its rows.",
    producers: [stage],
    consumers: ['dlq-index'],
    maxMessageBytes: source.maxMessageBytes + deadLetterRoom,
    ...(source.retired && { retired: source.retired }),
  };
}

/** Every stage's dead-letter topics, by the consumers that the catalogue names. */
export const deadLetterTopics: readonly TopicDef<DeadLetter>[] = sourceTopics.flatMap((topic) =>
  topic.consumers.map((stage) => deadLetterTopic(topic, stage)),
);

/** The topics whose values are Avro. */
export const avroTopics: readonly TopicDef[] = [...Object.values(topics), ...deadLetterTopics] as TopicDef[];

/** All topics of the installation. */
export const allTopics: readonly CatalogueTopic[] = [...sourceTopics, ...deadLetterTopics];

/** Where a record that is set aside keeps later ones of its key. */
export const strictTopics: ReadonlySet<string> = new Set(
  (allTopics as readonly TopicDef[]).filter(({ strictOrder }) => strictOrder).map(({ name }) => name),
);
