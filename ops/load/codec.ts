import { isDeepStrictEqual } from 'node:util';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import avsc from 'avsc';
import { createCodec } from '../../pipeline/broker/registry/codec.ts';
import { createMemoryRegistry } from '../../pipeline/broker/registry/memory-registry.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { avroSchema } from '../../schemas/generated/avro.ts';
import type { InteractionEnriched } from '../../schemas/generated/interaction-enriched.v1.ts';
import { subjectOf } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';

export const codecSystems = ['freshet', 'avsc', 'kafkajs registry'] as const;
export type CodecSystem = (typeof codecSystems)[number];

/** One system's figures in one run. */
export interface CodecRun {
  readonly system: CodecSystem;
  readonly eventsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
}

/** Decodes a run; the registry's own decoder makes a resolver for each, so a hundredth of them takes as long. */
const recordCounts: Readonly<Record<CodecSystem, number>> = {
  freshet: 400_000,
  avsc: 400_000,
  'kafkajs registry': 4_000,
};
const distinct = 1_000;
const topic = topics.interactionEnriched;

/** The enriched interaction as an older writer knew it: without its last field, which readers fill in. */
function olderSchema(): string {
  const schema = JSON.parse(topic.schema.json) as { fields: { name: string }[] };
  return JSON.stringify({ ...schema, fields: schema.fields.filter(({ name }) => name !== 'segment') });
}

type Older = Omit<InteractionEnriched, 'segment'>;

const record = (i: number): Older => ({
  eventId: `event-${i}`,
  namespace: 'default',
  userId: `user-${i % 97}`,
  anonymous: i % 2 === 0,
  sessionId: `session-${i % 89}`,
  requestId: null,
  itemId: `item-${i % 83}`,
  type: 'click',
  value: null,
  occurredAt: 1_763_782_152_123 + i,
  receivedAt: 1_763_782_152_323 + i,
  consent: 'full',
  context: null,
  commerce: null,
  order: null,
  watch: null,
  properties: {},
  trace: null,
  itemKnown: true,
  tags: ['brand:acme', 'category:shoes'],
  locale: 'de-DE',
});

function framed(id: number, values: readonly Older[], json: string): Buffer[] {
  const schema = avroSchema<Older>(json);
  const scratch = Buffer.alloc(4_096);
  return values.map((value) => {
    scratch.writeUInt8(0, 0);
    scratch.writeUInt32BE(id, 1);
    return Buffer.from(scratch.subarray(0, schema.encodeInto(value, scratch, 5)));
  });
}

type Decode = (bytes: Buffer) => unknown;

/** Our codec as stages use it: framing, cached resolver, today's reader schema. */
async function freshetDecode(registry: ReturnType<typeof createMemoryRegistry>, first: Buffer): Promise<Decode> {
  const reader = createCodec({ registry, clock: systemClock }).reader(topic);
  await reader.read(first); // the writer's schema is looked up once
  return (bytes) => {
    const result = reader.read(bytes);
    if (result instanceof Promise || !result.ok) throw new FreshetError('bench_failed', 'a record was not decoded');
    return result.value;
  };
}

/** avsc's own decoder with a resolver that is made once, the frame skipped. */
function avscDecode(writerJson: string): Decode {
  const reader = avsc.Type.forSchema(JSON.parse(topic.schema.json) as avsc.Schema, { wrapUnions: 'never' });
  const writer = avsc.Type.forSchema(JSON.parse(writerJson) as avsc.Schema, { wrapUnions: 'never' });
  const resolver = reader.createResolver(writer);
  return (bytes) => reader.fromBuffer(bytes.subarray(5), resolver);
}

/** The registry client's decoder with a reader schema; the writer's is in its cache, so that nothing is asked. */
function registryDecode(id: number, writerJson: string): Decode {
  const registry = new SchemaRegistry({ host: 'http://127.0.0.1:1' });
  type Cached = Parameters<typeof registry.cache.setSchema>[2];
  const writer = avsc.Type.forSchema(JSON.parse(writerJson) as avsc.Schema) as unknown as Cached;
  registry.cache.setSchema(id, SchemaType.AVRO, writer);
  const readerSchema = avsc.Type.forSchema(JSON.parse(topic.schema.json) as avsc.Schema) as unknown as {
    isValid(): boolean;
  };
  const options = { [SchemaType.AVRO]: { readerSchema: readerSchema as never } };
  return (bytes) => registry.decode(bytes, options);
}

async function measure(system: CodecSystem, decode: Decode, records: readonly Buffer[]): Promise<CodecRun> {
  const count = recordCounts[system];
  const isAsync = decode(records[0] as Buffer) instanceof Promise;
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  if (isAsync) for (let i = 0; i < count; i += 1) await decode(records[i % distinct] as Buffer);
  else for (let i = 0; i < count; i += 1) decode(records[i % distinct] as Buffer);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system: kernel } = process.cpuUsage(cpu);
  return {
    system,
    eventsPerSecond: Math.round(count / seconds),
    cpuSecondsPerMillion: Number(((user + kernel) / count).toFixed(3)),
  };
}

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Our decoder names fields as TypeScript does, the others as the schema does; values and order are the same. */
const camelKeys = (value: object): object =>
  Object.fromEntries(Object.entries(value).map(([name, field]) => [camel(name), field]));

async function compareAll(
  decoders: Readonly<Record<CodecSystem, Decode>>,
  records: readonly Buffer[],
  values: readonly Older[],
): Promise<void> {
  for (const [i, bytes] of records.entries()) {
    for (const system of codecSystems) {
      const decoded = camelKeys({ ...((await decoders[system](bytes)) as object) });
      if (isDeepStrictEqual(decoded, { ...values[i], segment: '|' })) continue;
      throw new FreshetError('bench_failed', `record ${i} as decoded by ${system} is not what was written`);
    }
  }
}

export interface CodecBench {
  readonly recordBytes: number;
  readonly runs: readonly CodecRun[];
}

/**
 * Decodes the same records, written with an older schema, in turns (A B C A B C) after one warm-up of each. What
 * every system makes of every record is compared with what was written first; FreshetError `bench_failed` where one differs, and there is no figure.
 */
export async function benchCodec(rounds: number): Promise<CodecBench> {
  const values = Array.from({ length: distinct }, (_, i) => record(i));
  const older = olderSchema();
  const registry = createMemoryRegistry();
  const id = registry.register(subjectOf(topic), older);
  const records = framed(id, values, older);
  const decoders = {
    freshet: await freshetDecode(registry, records[0] as Buffer),
    avsc: avscDecode(older),
    'kafkajs registry': registryDecode(id, older),
  };
  await compareAll(decoders, records, values);
  const runs: CodecRun[] = [];
  for (let round = -1; round < rounds; round += 1) {
    for (const system of codecSystems) {
      const run = await measure(system, decoders[system], records);
      if (round >= 0) runs.push(run);
    }
  }
  return { recordBytes: (records[0] as Buffer).length, runs };
}
