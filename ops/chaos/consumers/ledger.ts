import { jsonTopics, topics } from '../../../schemas/topics.ts';
import { createDecoder, type Fields, schemaIdOf, unknownSchemaId } from './decode.ts';
import { poisonIds } from './poison.ts';
import type { TappedRecord } from './tap.ts';

/** A dead letter by the record it stands for, and why it is one. */
export interface LetterFact {
  readonly stateVersion: number;
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly reason: string;
}

export const letterKey = ({ stateVersion, stage, topic, partition, offset }: Omit<LetterFact, 'reason'>): string =>
  `${stage}${stateVersion === 0 ? '' : `.v${stateVersion}`} ${topic}/${partition}@${offset}`;

interface Seen {
  readonly receivedAt: number;
  readonly value: Buffer;
}

/** Who reads a topic, and in which version of state. */
const readers: Readonly<Record<string, { readonly stage: string; readonly stateVersion: number }>> = {
  [jsonTopics.engagementEvents.name]: { stage: 'intake', stateVersion: 0 },
  [topics.interactionRecorded.name]: { stage: 'enrichment', stateVersion: 0 },
  [topics.interactionEnriched.name]: { stage: 'aggregation', stateVersion: 1 },
  [topics.impressionRecorded.name]: { stage: 'exposure', stateVersion: 1 },
};

const decoders: Readonly<Record<string, (value: Buffer) => Fields | undefined>> = {
  [topics.interactionRecorded.name]: createDecoder('interaction-recorded.v1'),
  [topics.interactionEnriched.name]: createDecoder('interaction-enriched.v1'),
  [topics.impressionRecorded.name]: createDecoder('impression-recorded.v1'),
};
const decodeProfile = createDecoder('profile-updated.v1');
const decodeSession = createDecoder('session-updated.v1');
const decodeLetter = createDecoder('dead-letter.v1');

const replayable = 3_000;

/** What the topics say, put together record by record. */
export class Ledger {
  /** Events in the recorded topics by `namespace|event_id`; the first occurrence. */
  readonly recorded = new Map<string, Seen>();
  /** Records that must be dead letters. */
  readonly expectedLetters = new Map<string, LetterFact>();
  /** Dead letters that were published; repeats are the relay's and the producer's right. */
  readonly letters = new Map<string, LetterFact>();
  /** Newest record of each key of the derived topics. */
  readonly profiles = new Map<string, Fields>();
  readonly sessions = new Map<string, Fields>();
  /** What must not be, in words. */
  readonly faults: string[] = [];
  readonly #recent = new Map<string, TappedRecord[]>();
  #records = 0;

  get records(): number {
    return this.#records;
  }

  add(record: TappedRecord): void {
    const { topic, key, value } = record;
    this.#records += 1;
    if (topic.endsWith('.dlq')) this.#letter(record);
    else if (topic === topics.profileUpdated.name) this.#derived(this.profiles, record, decodeProfile);
    else if (topic === topics.sessionUpdated.name) this.#derived(this.sessions, record, decodeSession);
    else if (value !== null && key !== null) this.#input(record, value);
  }

  /** The newest sound records of a topic, for being published again. */
  recent(topic: string): readonly TappedRecord[] {
    return this.#recent.get(topic) ?? [];
  }

  #input(record: TappedRecord, value: Buffer): void {
    const { topic, partition, offset } = record;
    const reader = readers[topic];
    if (reader === undefined) return;
    const reason = this.#reasonAgainst(topic, value);
    if (reason !== undefined) {
      const fact = { ...reader, topic, partition, offset: offset.toString(), reason };
      this.expectedLetters.set(letterKey(fact), fact);
      return;
    }
    if (topic === topics.interactionRecorded.name || topic === topics.impressionRecorded.name) {
      this.#note(decoders[topic]?.(value) as Fields, value);
    }
    const recent = this.#recent.get(topic) ?? [];
    this.#recent.set(topic, recent);
    recent.push(record);
    if (recent.length > 2 * replayable) recent.splice(0, replayable);
  }

  /** Why nobody can handle the value; undefined where somebody can. */
  #reasonAgainst(topic: string, value: Buffer): string | undefined {
    if (topic === jsonTopics.engagementEvents.name) {
      const text = value.toString();
      if (!text.endsWith('}')) return 'undecodable';
      return text.includes(`"event_id":"${poisonIds.invalid}`) ? 'invalid' : undefined;
    }
    if (schemaIdOf(value) === unknownSchemaId) return 'schema_unknown';
    const id = decoders[topic]?.(value)?.event_id as string | undefined;
    if (id === undefined) return 'undecodable';
    const isRecorded = topic === topics.interactionRecorded.name;
    if (isRecorded) return id.startsWith(poisonIds.broken) ? 'unhandled' : undefined;
    if (id.startsWith(poisonIds.invalid)) return 'invalid';
    return id.startsWith(poisonIds.unhandled) ? 'unhandled' : undefined;
  }

  #note(fields: Fields, value: Buffer): void {
    const id = `${fields.namespace}|${fields.event_id}`;
    const known = this.recorded.get(id);
    if (known === undefined) this.recorded.set(id, { receivedAt: Number(fields.received_at), value });
    else if (!known.value.equals(value)) this.faults.push(`${id} was recorded twice, and not alike`);
  }

  #letter({ topic, value }: TappedRecord): void {
    const fields = value === null ? undefined : decodeLetter(value);
    if (fields === undefined) {
      this.faults.push(`${topic} holds a record that is no dead letter`);
      return;
    }
    const fact = factOf(fields);
    const known = this.letters.get(letterKey(fact));
    if (known && known.reason !== fact.reason) {
      this.faults.push(`${letterKey(fact)} is dead for ${known.reason} and for ${fact.reason}`);
    }
    this.letters.set(letterKey(fact), fact);
  }

  #derived(
    newest: Map<string, Fields>,
    { topic, key, value }: TappedRecord,
    decode: (value: Buffer) => Fields | undefined,
  ) {
    const name = String(key);
    if (value === null) {
      newest.delete(name);
      return;
    }
    const fields = decode(value);
    if (fields === undefined) this.faults.push(`${topic} holds a record that cannot be read, key ${name}`);
    else newest.set(name, fields);
  }
}

function factOf(fields: Fields): LetterFact {
  const { state_version, stage, topic, partition, offset, reason } = fields as Readonly<Record<string, unknown>>;
  return {
    stateVersion: Number(state_version),
    stage: String(stage),
    topic: String(topic),
    partition: Number(partition),
    offset: String(offset),
    reason: String(reason),
  };
}

/** The same of a dead letter's envelope, wherever its bytes lie. */
export function readLetter(value: Buffer): LetterFact | undefined {
  const fields = decodeLetter(value);
  return fields && factOf(fields);
}
