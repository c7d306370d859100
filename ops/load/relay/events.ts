import { createCodec } from '../../../pipeline/broker/registry/codec.ts';
import { createMemoryRegistry } from '../../../pipeline/broker/registry/memory-registry.ts';
import { shardOf } from '../../../pipeline/domain/murmur2.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { InteractionRecorded } from '../../../schemas/generated/interaction-recorded.v1.ts';
import { subjectOf } from '../../../schemas/topic.ts';
import { topics } from '../../../schemas/topics.ts';

/** Every user's events keep their order in the topic. */
export const userCount = 10_000;
/** Event ids are these characters and the event's number as 12 hexadecimal digits: a UUID of 36 characters. */
export const idPrefix = '019a9b3c-1d2e-7f00-8000-';
export const idBytes = 36;
/** Frame (5) and the id's length (1) stand before the id. */
export const idAt = 6;

const topic = topics.interactionRecorded;
const firstAt = 1_763_782_152_123;
/** Odd and not a multiple of 5, so that one user's events lie far apart and every user has as many. */
const stride = 7_919;

/** The user of event `i`. */
export const userOf = (i: number): number => (i * stride) % userCount;

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

/** The record's key, as ingest makes it. */
export const keyOf = (user: number): Buffer => Buffer.from(`default|user-${digits(user, 5)}`);

const eventOf = (i: number): InteractionRecorded => ({
  eventId: idPrefix + i.toString(16).padStart(12, '0'),
  namespace: 'default',
  userId: `user-${digits(userOf(i), 5)}`,
  anonymous: false,
  sessionId: `session-${digits(userOf(i), 5)}`,
  requestId: null,
  itemId: `item-${digits((i * 31) % 20_000, 5)}`,
  type: i % 7 === 0 ? 'purchase' : 'view',
  value: null,
  occurredAt: firstAt + i,
  receivedAt: firstAt + 200 + i,
  consent: 'full',
  context: {
    surface: 'pdp',
    widget: 'similar-items',
    rank: 1 + (i % 20),
    recommended: true,
    referrer: null,
    href: null,
    text: null,
    experiment: 'ranking',
    abBucket: 'b',
    kind: null,
  },
  commerce: null,
  order: null,
  watch: null,
  properties: {},
  trace: null,
});

/** The events of a bench, encoded once; all have one length, so event `i` begins at `i * payloadBytes`. */
export interface BenchEvents {
  readonly count: number;
  readonly payloadBytes: number;
  readonly payloads: Buffer;
  /** Outbox shard of each. */
  readonly shards: Buffer;
}

/** Real records with their framing, made by the codec that ingest uses. */
export async function makeEvents(count: number): Promise<BenchEvents> {
  const registry = createMemoryRegistry();
  registry.register(subjectOf(topic), topic.schema.json);
  const writer = await createCodec({ registry, clock: systemClock }).writer(topic);
  const payloadBytes = writer.write(eventOf(0)).length;
  const payloads = Buffer.alloc(count * payloadBytes);
  const shards = Buffer.alloc(count);
  const shardOfUser = Array.from({ length: userCount }, (_, user) => shardOf(keyOf(user)));
  for (let i = 0; i < count; i += 1) {
    const bytes = writer.write(eventOf(i));
    if (bytes.length !== payloadBytes) {
      throw new FreshetError('bench_failed', `event ${i} has ${bytes.length} bytes, the first has ${payloadBytes}`);
    }
    bytes.copy(payloads, i * payloadBytes);
    shards[i] = shardOfUser[userOf(i)] as number;
  }
  return { count, payloadBytes, payloads, shards };
}
