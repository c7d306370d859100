import { randomBytes } from 'node:crypto';
import type { Codec, RecordWriter } from '../../../pipeline/broker/codec.ts';
import type { ProducerRecord } from '../../../pipeline/broker/producer.ts';
import type { ImpressionRecorded } from '../../../schemas/generated/impression-recorded.v1.ts';
import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import type { InteractionRecorded } from '../../../schemas/generated/interaction-recorded.v1.ts';
import { jsonTopics, topics } from '../../../schemas/topics.ts';
import type { Random } from '../random.ts';
import { enrichedOf, impressionOf } from './catalogue.ts';
import { schemaIdOf, unknownSchemaId } from './decode.ts';
import type { Drafts } from './drafts.ts';

export interface Poison {
  readonly topic: string;
  readonly record: ProducerRecord;
}

/** Beginnings of the ids of events that can be read, but not be handled. */
export const poisonIds = {
  /** Refused by aggregation's own rule: state is lines of text. */
  invalid: 'invalid.',
  /** Makes aggregation's or exposure's statement fail. */
  unhandled: 'unhandled.',
  /** Makes enrichment's look-up fail. */
  broken: 'broken.',
} as const;

export interface PoisonWriters {
  readonly recorded: RecordWriter<InteractionRecorded>;
  readonly enriched: RecordWriter<InteractionEnriched>;
  readonly impression: RecordWriter<ImpressionRecorded>;
}

/** Looked up once: the registry may be away later. */
export async function openPoisonWriters(codec: Codec): Promise<PoisonWriters> {
  return {
    recorded: await codec.writer(topics.interactionRecorded),
    enriched: await codec.writer(topics.interactionEnriched),
    impression: await codec.writer(topics.impressionRecorded),
  };
}

const year287396 = 9e15;

/** Records that no door would have let in, each at most once: bytes, ids and times that nobody can handle. */
export class Poisons {
  readonly #random: Random;
  readonly #drafts: Drafts;
  readonly #writers: PoisonWriters;

  constructor(random: Random, drafts: Drafts, writers: PoisonWriters) {
    this.#random = random;
    this.#drafts = drafts;
    this.#writers = writers;
  }

  any(): Poison {
    const { interactionRecorded, interactionEnriched, impressionRecorded } = topics;
    const topic = this.#random.pick([interactionRecorded, interactionEnriched, impressionRecorded, undefined]);
    if (topic === undefined) return this.#submitted();
    if (this.#random.next() < 0.5) return this.#unreadable(topic.name);
    if (topic === impressionRecorded) return this.#slate();
    return topic === interactionEnriched ? this.enriched() : this.#recorded();
  }

  /** For aggregation, of every reason it knows. */
  enriched(): Poison {
    const roll = this.#random.next();
    if (roll < 0.6) return this.#unreadable(topics.interactionEnriched.name);
    const event = this.#event(roll < 0.9 ? 'invalid' : 'unhandled');
    return this.#poison(topics.interactionEnriched.name, event, this.#writers.enriched.write(event));
  }

  /** A sound record for aggregation. */
  wrap(event: InteractionEnriched): ProducerRecord {
    return this.#poison(topics.interactionEnriched.name, event, this.#writers.enriched.write(event)).record;
  }

  #recorded(): Poison {
    const kind = this.#random.pick(['invalid', 'unhandled', 'broken'] as const);
    const { itemKnown: _, tags: __, locale: ___, segment: ____, ...event } = this.#event(kind);
    return this.#poison(topics.interactionRecorded.name, event, this.#writers.recorded.write(event));
  }

  #slate(): Poison {
    const slate = impressionOf({ ...this.#drafts.slate(), consent: 'full', variant: 'x\u0000' }, 1);
    const event = { ...slate, eventId: poisonIds.unhandled + slate.eventId };
    return this.#poison(topics.impressionRecorded.name, event, this.#writers.impression.write(event));
  }

  #submitted(): Poison {
    const draft = this.#drafts.interaction();
    const isJson = this.#random.next() < 0.5;
    const text = isJson
      ? JSON.stringify({ ...draft, event_id: poisonIds.invalid + draft.event_id, type: 'glance' })
      : '{"';
    const key = Buffer.from(`${draft.namespace}|${draft.user_id}`);
    return { topic: jsonTopics.engagementEvents.name, record: { key, value: Buffer.from(text) } };
  }

  #event(kind: keyof typeof poisonIds): InteractionEnriched {
    const draft = { ...this.#drafts.interaction(), consent: 'full' as const, type: 'click' as const };
    const event = enrichedOf(draft, 1);
    const eventId = poisonIds[kind] + event.eventId;
    if (kind === 'unhandled') return { ...event, eventId, itemId: 'x', context: null, occurredAt: year287396 };
    return { ...event, eventId, itemId: kind === 'broken' ? 'x\u0000' : 'x\ny' };
  }

  #poison(topic: string, { namespace, userId }: { namespace: string; userId: string }, value: Buffer): Poison {
    return { topic, record: { key: Buffer.from(`${namespace}|${userId}`), value } };
  }

  /** Bytes without framing, of a schema that nobody knows, or cut off. */
  #unreadable(topic: string): Poison {
    const { namespace, user_id: userId } = this.#drafts.interaction();
    const event = this.#event('invalid');
    const whole = this.#writers.enriched.write(event);
    const value = this.#random.pick([
      () => Buffer.concat([Buffer.from([7]), randomBytes(12)]),
      () => randomBytes(3),
      () => {
        const framed = Buffer.from(whole);
        framed.writeInt32BE(unknownSchemaId, 1);
        return framed;
      },
      () => {
        const cut = Buffer.from(whole.subarray(0, 5 + this.#random.between(0, 12)));
        cut.writeInt32BE(this.#idFor(topic), 1);
        return cut;
      },
    ])();
    return this.#poison(topic, { namespace, userId }, value);
  }

  #idFor(topic: string): number {
    const { recorded, enriched, impression } = this.#writers;
    const event = this.#event('invalid');
    const { itemKnown: _, tags: __, locale: ___, segment: ____, ...plain } = event;
    if (topic === topics.interactionRecorded.name) return schemaIdOf(recorded.write(plain)) as number;
    if (topic === topics.interactionEnriched.name) return schemaIdOf(enriched.write(event)) as number;
    return schemaIdOf(impression.write(impressionOf(this.#drafts.slate(), 1))) as number;
  }
}
