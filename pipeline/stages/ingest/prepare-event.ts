import type { ImpressionRecorded } from '../../../schemas/generated/impression-recorded.v1.ts';
import type { InteractionRecorded, InteractionType } from '../../../schemas/generated/interaction-recorded.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import type { RecordWriter } from '../../broker/codec.ts';
import { isImpressionItem } from '../../domain/feature/interest.ts';
import type { Parsed } from '../../domain/intake/fields.ts';
import type { IntakeRules } from '../../domain/intake/identity.ts';
import { parseImpression } from '../../domain/intake/impression.ts';
import { parseInteraction } from '../../domain/intake/interaction.ts';
import { eventKeyId, userKey } from '../../domain/keys.ts';
import type { EventEntry } from '../../stores/ingest.ts';
import type { RecentInteraction } from '../../stores/recent-events.ts';
import type { Member } from './read-batch.ts';
import { type Refused, unlessInvalid } from './record-fit.ts';

/** An event that is fit to be stored, encoded; or why it is not. */
export type PreparedEvent =
  | { readonly ok: true; readonly entry: EventEntry; readonly recent: RecentInteraction | null }
  | Refused;

export type PrepareEvent = (member: Member, rules: IntakeRules) => PreparedEvent;

export interface EventWriters {
  readonly interaction: RecordWriter<InteractionRecorded>;
  readonly impression: RecordWriter<ImpressionRecorded>;
}

function entryOf<V extends ImpressionRecorded | InteractionRecorded>(
  value: V,
  topic: string,
  writer: RecordWriter<V>,
): EventEntry {
  const { namespace, eventId, userId, occurredAt, trace } = value;
  return {
    kind: 'event',
    keyId: eventKeyId(namespace, eventId),
    row: {
      topic,
      key: userKey(namespace, userId),
      eventId,
      payload: writer.write(value),
      occurredAt,
      traceparent: trace,
    },
  };
}

/** What serving may know before the pipeline does; nothing without consent, nothing that shows no interest. */
function recentOf(interaction: InteractionRecorded): RecentInteraction | null {
  const { namespace, userId, itemId, type, occurredAt, consent } = interaction;
  if (itemId === null || type === 'custom' || consent === 'none' || isImpressionItem(interaction)) return null;
  return { namespace, userId, itemId, type, occurredAt };
}

function prepared<V>(parsed: Parsed<V>, path: string, prepare: (value: V) => PreparedEvent): PreparedEvent {
  return parsed.ok ? unlessInvalid(path, () => prepare(parsed.value)) : parsed;
}

/** Validates and encodes an interaction; `only` is the type of a door for one type. */
export function prepareInteraction(
  { interaction: writer }: Pick<EventWriters, 'interaction'>,
  only: InteractionType | null = null,
): PrepareEvent {
  const topic = topics.interactionRecorded.name;
  return ({ input, path }, rules) =>
    prepared(parseInteraction(input, path, rules, only), path, (value) => ({
      ok: true,
      entry: entryOf(value, topic, writer),
      recent: recentOf(value),
    }));
}

/** Validates and encodes a slate. */
export function prepareImpression({ impression: writer }: EventWriters): PrepareEvent {
  const topic = topics.impressionRecorded.name;
  return ({ input, path }, rules) =>
    prepared(parseImpression(input, path, rules), path, (value) => ({
      ok: true,
      entry: entryOf(value, topic, writer),
      recent: null,
    }));
}
