import { type AvroSchema, writtenSchema } from '../../../schemas/generated/avro.ts';
import { subjectOf, type TopicDef } from '../../../schemas/topic.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FreshetError, messageOf } from '../../kernel/errors.ts';
import type { Codec, ReadResult, RecordReader, RecordWriter, WrittenValue } from '../codec.ts';
import { frameOf, framePrefixBytes } from './framing.ts';
import { createRecordWriter } from './record-writer.ts';
import type { RegistryClient } from './registry-client.ts';
import { createSchemaCache, type SchemaCache } from './schema-cache.ts';

export interface CodecOptions {
  readonly registry: RegistryClient;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** How long an id that the registry does not know is believed unknown, milliseconds. */
  readonly unknownForMs?: number;
}

/**
 * Reads with a resolver compiled once for each (writer id, reader schema) and kept for ever: a registry's ids
 * never change their meaning. Registering is never done here.
 */
export function createCodec({ registry, clock, unknownForMs = 10_000 }: CodecOptions): Codec {
  const texts = createSchemaCache({ registry, clock, unknownForMs });
  const readers = new Map<AvroSchema<unknown>, RecordReader<unknown>>();
  const writers = new Map<TopicDef, Promise<RecordWriter<unknown>>>();
  return {
    reader<V>(topic: TopicDef<V>): RecordReader<V> {
      const schema = topic.schema as AvroSchema<unknown>;
      const reader = readers.get(schema) ?? createReader(schema, texts);
      readers.set(schema, reader);
      return reader as RecordReader<V>;
    },
    writer<V>(topic: TopicDef<V>): Promise<RecordWriter<V>> {
      const key = topic as TopicDef;
      const known = writers.get(key);
      if (known !== undefined) return known as Promise<RecordWriter<V>>;
      const opening = openWriter(key, registry);
      writers.set(key, opening);
      opening.catch(() => writers.delete(key));
      return opening as Promise<RecordWriter<V>>;
    },
    written: (bytes, headers) => readWritten(texts, bytes, headers),
  };
}

async function readWritten(
  texts: SchemaCache,
  bytes: Buffer,
  headers?: Readonly<Record<string, Buffer>>,
): Promise<WrittenValue> {
  const frame = frameOf(bytes, headers);
  if ('refused' in frame) return { ok: false, reason: 'undecodable', message: frame.refused };
  const { id: writerSchemaId } = frame;
  const text = texts.isUnknown(writerSchemaId) ? undefined : await texts.get(writerSchemaId);
  if (text === undefined) return unknown(writerSchemaId);
  try {
    const schema = writtenSchema(text);
    return { ok: true, value: schema.read(bytes, framePrefixBytes), schema: schema.name, writerSchemaId };
  } catch (error) {
    return { ok: false, reason: 'undecodable', message: messageOf(error), writerSchemaId };
  }
}

type Decode<V> = (bytes: Buffer, position: number) => V;

function createReader<V>(schema: AvroSchema<V>, texts: SchemaCache): RecordReader<V> {
  const compiled = new Map<number, Decode<V> | ReadResult<V>>();
  const compile = (id: number, text: string): Decode<V> | ReadResult<V> => {
    const known = compiled.get(id);
    if (known !== undefined) return known;
    const decode = compileReader(schema, id, text);
    compiled.set(id, decode);
    return decode;
  };
  return {
    read(bytes, headers) {
      const frame = frameOf(bytes, headers);
      if ('refused' in frame) return { ok: false, reason: 'undecodable', message: frame.refused };
      const { id } = frame;
      const decode = compiled.get(id);
      if (decode !== undefined) return apply(decode, bytes, id);
      if (texts.isUnknown(id)) return unknown(id);
      return texts.get(id).then((text) => (text === undefined ? unknown(id) : apply(compile(id, text), bytes, id)));
    },
  };
}

function apply<V>(decode: Decode<V> | ReadResult<V>, bytes: Buffer, writerSchemaId: number): ReadResult<V> {
  if (typeof decode !== 'function') return decode;
  try {
    return { ok: true, value: decode(bytes, framePrefixBytes), writerSchemaId };
  } catch (error) {
    return { ok: false, reason: 'undecodable', message: messageOf(error), writerSchemaId };
  }
}

function unknown(writerSchemaId: number): Exclude<ReadResult<never>, { readonly ok: true }> {
  const message = `the registry does not know schema id ${writerSchemaId}`;
  return { ok: false, reason: 'schema_unknown', message, writerSchemaId };
}

function compileReader<V>(schema: AvroSchema<V>, writerSchemaId: number, text: string): Decode<V> | ReadResult<V> {
  try {
    return schema.readerFor(text);
  } catch (error) {
    const message = `schema id ${writerSchemaId} cannot be read as ${schema.name}: ${messageOf(error, 300)}`;
    return { ok: false, reason: 'schema_incompatible', message, writerSchemaId };
  }
}

async function openWriter(topic: TopicDef, registry: RegistryClient): Promise<RecordWriter<unknown>> {
  const subject = subjectOf(topic);
  const id = await registry.idOf(subject, topic.schema.json);
  if (id === undefined) {
    const message = `the registry does not have today's schema of ${subject}; run \`freshet schemas apply\``;
    throw new FreshetError('schema_not_registered', message, { fields: { subject } });
  }
  return createRecordWriter(topic.schema, id);
}
