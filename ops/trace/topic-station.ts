import type { Codec } from '../../pipeline/broker/codec.ts';
import { eventIdOf } from '../../pipeline/domain/intake/identity.ts';
import { submittedInput } from '../../pipeline/domain/intake/submitted.ts';
import { defaultNamespace } from '../../pipeline/domain/intake/text.ts';
import { partitionOf } from '../../pipeline/domain/murmur2.ts';
import type { SubmitDoor } from '../../pipeline/main/installed-topics.ts';
import type { InteractionSubmitted } from '../../schemas/generated/interaction-submitted.v1.ts';
import type { TopicDef } from '../../schemas/topic.ts';
import type { LogRecord } from '../topics/fetch.ts';
import { areasSince, type SearchOptions, type SearchPorts, searchTopic } from '../topics/search-topic.ts';
import type { EventFacts, TopicFacts } from './facts.ts';

export interface Wanted {
  readonly eventId: string;
  readonly namespace: string;
}

export interface TopicSearch extends Pick<SearchOptions, 'deadlineMs' | 'order'> {
  /** `ns|user` where it is known: then one partition is searched. */
  readonly key: Buffer | undefined;
  readonly since: number;
}

/** What records of the event say, beside where they lie. */
export interface Sighting {
  readonly facts: TopicFacts;
  readonly event: EventFacts | undefined;
  readonly value: unknown;
}

interface Identified {
  readonly eventId: string;
  readonly namespace: string;
}

/** Records of one of the pipeline's own topics that carry the event. */
export async function searchRecords<V extends Identified>(
  { search, codec }: { readonly search: SearchPorts; readonly codec: Codec },
  topic: TopicDef<V>,
  { eventId, namespace }: Wanted,
  how: TopicSearch,
): Promise<Sighting> {
  const reader = codec.reader(topic);
  let first: V | undefined;
  const isMatch = async ({ value }: LogRecord) => {
    const result = value === null ? undefined : await reader.read(value);
    if (!result?.ok) return false;
    const isIt = result.value.eventId === eventId && result.value.namespace === namespace;
    if (isIt) first ??= result.value;
    return isIt;
  };
  const partition = how.key === undefined ? undefined : partitionOf(how.key, topic.partitions);
  const facts = await searchFor(search, topic.name, { ...how, partition, needle: Buffer.from(eventId), isMatch });
  return { facts, event: first === undefined ? undefined : eventOf(first), value: first };
}

/** Records of an ingest topic that carry the event; those that cannot be read count where its id is in them. */
export async function searchDoor(
  { search, codec }: { readonly search: SearchPorts; readonly codec: Codec },
  { format, topic }: SubmitDoor,
  { eventId, namespace }: Wanted,
  how: Omit<TopicSearch, 'key'>,
): Promise<TopicFacts> {
  const avro = format === 'avro' ? codec.reader(topic as TopicDef<InteractionSubmitted>) : undefined;
  const inputOf = async (value: Buffer): Promise<unknown> => {
    if (avro === undefined) return parsed(value);
    const result = await avro.read(value);
    return result.ok ? submittedInput(result.value) : undefined;
  };
  const isMatch = async ({ value }: LogRecord) => {
    const input = value === null ? undefined : await inputOf(value);
    if (typeof input !== 'object' || input === null) return value !== null;
    const { namespace: given = defaultNamespace } = input as { namespace?: unknown };
    return eventIdOf(input) === eventId && given === namespace;
  };
  // Their keys are their producers' own business, so every partition is searched.
  return searchFor(search, topic.name, { ...how, partition: undefined, needle: Buffer.from(eventId), isMatch });
}

function parsed(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString());
  } catch {
    return undefined;
  }
}

export interface SearchFor extends Omit<TopicSearch, 'key'>, Pick<SearchOptions, 'isMatch'> {
  readonly partition: number | undefined;
  readonly needle: Buffer;
}

export async function searchFor(
  ports: SearchPorts,
  topic: string,
  { since, partition, needle, ...how }: SearchFor,
): Promise<TopicFacts> {
  const areas = await areasSince(ports, { topic, sinceMs: since, partition });
  const { found, searchedRecords, isComplete } = await searchTopic(ports, { ...how, topic, areas, needles: [needle] });
  const records = found.map(({ partition: where, offset, timestampMs }) => ({
    topic,
    partition: where,
    offset,
    timestampMs,
  }));
  return { topic, records, searchedRecords, since, isComplete };
}

function eventOf(value: Identified): EventFacts {
  const { userId, receivedAt, occurredAt, itemId, type, consent } = value as Identified & Partial<EventFacts>;
  return {
    kind: type === undefined ? 'impression' : 'interaction',
    userId: userId ?? '',
    receivedAt: receivedAt ?? 0,
    occurredAt: occurredAt ?? 0,
    itemId: itemId ?? null,
    type: type ?? null,
    consent: consent ?? null,
  };
}
