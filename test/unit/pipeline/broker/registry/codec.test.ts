import { beforeEach, describe, expect, test } from 'vitest';
import type { ReadResult } from '../../../../../pipeline/broker/codec.ts';
import { createCodec } from '../../../../../pipeline/broker/registry/codec.ts';
import { createMemoryRegistry, type MemoryRegistry } from '../../../../../pipeline/broker/registry/memory-registry.ts';
import type { RegistryClient } from '../../../../../pipeline/broker/registry/registry-client.ts';
import { TransientError } from '../../../../../pipeline/kernel/errors.ts';
import { avroSchema } from '../../../../../schemas/generated/avro.ts';
import type { UserChanged } from '../../../../../schemas/generated/user-changed.v1.ts';
import { subjectOf } from '../../../../../schemas/topic.ts';
import { topics } from '../../../../../schemas/topics.ts';

const topic = topics.userChanged;
const user: UserChanged = {
  namespace: 'default',
  userId: 'ünï-1',
  revision: 7,
  traits: { locale: 'de-DE' },
  consent: 'functional',
  lastSeenAt: null,
  receivedAt: 1_763_782_152_123,
};

let registry: MemoryRegistry;
let asked: number[];
let away: boolean;
let nowMs: number;
let client: RegistryClient;

beforeEach(() => {
  registry = createMemoryRegistry();
  asked = [];
  away = false;
  nowMs = 0;
  client = {
    idOf: registry.idOf,
    async schemaById(id) {
      asked.push(id);
      if (away) throw new TransientError('registry_unavailable', 'away');
      return registry.schemaById(id);
    },
  };
});

const openCodec = () => createCodec({ registry: client, clock: { monotonic: () => nowMs } });

async function written(): Promise<Buffer> {
  registry.register(subjectOf(topic), topic.schema.json);
  return (await openCodec().writer(topic)).write(user);
}

const frame = (id: number, body: Buffer = Buffer.alloc(0)): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix.writeInt32BE(id, 1);
  return Buffer.concat([prefix, body]);
};

/** A schema as an evolved or foreign service has it. */
function variant(change: (schema: { fields: { name: string }[]; name: string }) => void): string {
  const schema = JSON.parse(topic.schema.json);
  change(schema);
  return JSON.stringify(schema);
}

describe('reading', () => {
  test('what was written is read back with its schema id', async () => {
    const bytes = await written();
    expect(await openCodec().reader(topic).read(bytes)).toEqual({ ok: true, value: user, writerSchemaId: 1 });
  });

  test('is synchronous once the writer schema is known', async () => {
    const bytes = await written();
    const reader = openCodec().reader(topic);
    const first = reader.read(bytes);
    expect(first).toBeInstanceOf(Promise);
    await first;
    expect(reader.read(bytes)).toMatchObject({ ok: true });
    expect(asked).toEqual([1]);
  });

  test('asks the registry once however many records wait', async () => {
    const bytes = await written();
    const reader = openCodec().reader(topic);
    await Promise.all(Array.from({ length: 20 }, () => reader.read(bytes)));
    expect(asked).toEqual([1]);
  });

  test('a newer compatible writer is read, its new fields left out', async () => {
    const newer = variant((schema) =>
      schema.fields.splice(1, 0, { name: 'home_town', type: ['null', 'string'], default: null } as never),
    );
    const id = registry.register(subjectOf(topic), newer);
    const target = Buffer.alloc(500);
    const end = avroSchema<unknown>(newer).encodeInto({ ...user, homeTown: 'Wien' }, target, 0);
    const result = await openCodec()
      .reader(topic)
      .read(frame(id, target.subarray(0, end)));
    expect(result).toEqual({ ok: true, value: user, writerSchemaId: id });
  });

  test('an older writer without a defaulted field is read with the default', async () => {
    const older = variant((schema) => {
      schema.fields = schema.fields.filter(({ name }) => name !== 'consent' && name !== 'traits');
    });
    const id = registry.register(subjectOf(topic), older);
    const { consent: _, traits: __, ...rest } = user;
    const target = Buffer.alloc(500);
    const end = avroSchema<unknown>(older).encodeInto(rest, target, 0);
    const result = await openCodec()
      .reader(topic)
      .read(frame(id, target.subarray(0, end)));
    expect(result).toMatchObject({ ok: true, value: { ...rest, consent: null, traits: {} } });
  });

  test('an incompatible writer is refused as schema_incompatible, again without asking', async () => {
    const id = registry.register(
      'other-value',
      variant((schema) => schema.fields.shift()),
    );
    const reader = openCodec().reader(topic);
    expect(await reader.read(frame(id))).toMatchObject({
      ok: false,
      reason: 'schema_incompatible',
      writerSchemaId: id,
    });
    expect(reader.read(frame(id))).toMatchObject({ ok: false, reason: 'schema_incompatible' });
    expect(asked).toEqual([id]);
  });

  test('a text that is no Avro schema is schema_incompatible', async () => {
    const id = registry.register('json-value', JSON.stringify({ type: 'object', properties: {} }));
    expect(await openCodec().reader(topic).read(frame(id))).toMatchObject({ ok: false, reason: 'schema_incompatible' });
  });

  test('an unknown id is schema_unknown, believed for ten seconds and then asked for again', async () => {
    const reader = openCodec().reader(topic);
    expect(await reader.read(frame(9))).toMatchObject({ ok: false, reason: 'schema_unknown', writerSchemaId: 9 });
    nowMs = 9_999;
    expect(reader.read(frame(9))).toMatchObject({ ok: false, reason: 'schema_unknown' });
    expect(asked).toEqual([9]);
    nowMs = 10_000;
    await reader.read(frame(9));
    expect(asked).toEqual([9, 9]);
  });

  test('an outage rejects as transient, is not remembered, and known ids go on', async () => {
    const bytes = await written();
    const reader = openCodec().reader(topic);
    await reader.read(bytes);
    away = true;
    await expect(reader.read(frame(2))).rejects.toBeInstanceOf(TransientError);
    expect(reader.read(bytes)).toMatchObject({ ok: true });
    away = false;
    expect(await reader.read(frame(2))).toMatchObject({ reason: 'schema_unknown' });
  });

  test('a slow registry holds up the records of its id alone, with one look-up on the way', async () => {
    const bytes = await written();
    const slow = Promise.withResolvers<void>();
    const { schemaById } = client;
    client = { ...client, schemaById: (id) => (id === 2 ? slow.promise.then(() => schemaById(id)) : schemaById(id)) };
    registry.register(
      'other-value',
      variant((schema) => {
        schema.fields = schema.fields.filter(({ name }) => name !== 'traits');
      }),
    );
    const reader = openCodec().reader(topic);
    await reader.read(bytes);
    const waiting = [1, 2, 3].map(() => reader.read(frame(2)));
    expect(waiting.every((one) => one instanceof Promise)).toBe(true);
    expect(reader.read(bytes)).toMatchObject({ ok: true });
    slow.resolve();
    for (const one of waiting) expect(await one).toMatchObject({ ok: false, reason: 'undecodable', writerSchemaId: 2 });
    expect(asked).toEqual([1, 2]);
    expect(reader.read(frame(2))).not.toBeInstanceOf(Promise);
  });

  test.each<[string, Buffer, RegExp]>([
    ['an empty value', Buffer.alloc(0), /0 bytes/],
    ['a value shorter than its framing', Buffer.from([0, 0, 0]), /3 bytes/],
    ['JSON', Buffer.from('{"event_id":"1"}'), /magic byte is 123/],
    ['header-GUID framing', Buffer.concat([Buffer.from([1]), Buffer.alloc(20)]), /header-GUID/],
    ['id zero', frame(0), /not positive/],
    ['a negative id', frame(-1), /not positive/],
  ])('%s is undecodable and says why, without asking the registry', (_, bytes, message) => {
    const result = openCodec().reader(topic).read(bytes) as ReadResult<UserChanged>;
    expect(result).toMatchObject({ ok: false, reason: 'undecodable', message: expect.stringMatching(message) });
    expect(asked).toEqual([]);
  });

  test('a header that names the schema by GUID is refused even where the value looks framed', async () => {
    const bytes = await written();
    const result = openCodec()
      .reader(topic)
      .read(bytes, { __value_schema_id: Buffer.alloc(17, 1) });
    expect(result).toMatchObject({ ok: false, reason: 'undecodable', message: expect.stringContaining('header-GUID') });
  });

  test('every truncation and every left-over byte is undecodable', async () => {
    const bytes = await written();
    const reader = openCodec().reader(topic);
    await reader.read(bytes);
    for (let length = 5; length < bytes.length; length += 1) {
      expect(reader.read(bytes.subarray(0, length))).toMatchObject({
        ok: false,
        reason: 'undecodable',
        writerSchemaId: 1,
      });
    }
    const longer = Buffer.concat([bytes, Buffer.from([0])]);
    expect(reader.read(longer)).toMatchObject({ ok: false, reason: 'undecodable', message: 'bytes are left over' });
  });
});

describe('writing', () => {
  test('frames with the id the registry has for the subject', async () => {
    registry.register('some-other-value', '{"type":"record","name":"Other","fields":[]}');
    const bytes = await written();
    expect([...bytes.subarray(0, 5)]).toEqual([0, 0, 0, 0, 2]);
  });

  test('without registration names the remedy, and works after it', async () => {
    const codec = openCodec();
    await expect(codec.writer(topic)).rejects.toMatchObject({
      code: 'schema_not_registered',
      message: expect.stringContaining('freshet schemas apply'),
    });
    registry.register(subjectOf(topic), topic.schema.json);
    expect((await codec.writer(topic)).write(user)).toBeInstanceOf(Buffer);
  });

  test('earlier buffers stay as they were when later records are written', async () => {
    registry.register(subjectOf(topic), topic.schema.json);
    const writer = await openCodec().writer(topic);
    const first = writer.write(user);
    const copy = Buffer.from(first);
    writer.write({ ...user, userId: 'someone else entirely' });
    expect(first.equals(copy)).toBe(true);
  });

  test('grows for a record of any size', async () => {
    registry.register(subjectOf(topic), topic.schema.json);
    const codec = openCodec();
    const large = { ...user, traits: { note: 'ö'.repeat(100_000) } };
    const bytes = (await codec.writer(topic)).write(large);
    expect(await codec.reader(topic).read(bytes)).toMatchObject({ ok: true, value: large });
  });

  test.each<[string, unknown, string]>([
    ['a wrong type', { ...user, revision: '7' }, 'revision'],
    ['a fraction where an integer belongs', { ...user, receivedAt: 1.5 }, 'receivedAt'],
    ['a missing field', { ...user, userId: undefined }, 'userId'],
    ['an unknown symbol', { ...user, consent: 'maybe' }, 'consent'],
    ['a wrong value in a map', { ...user, traits: { locale: 5 } }, 'traits.locale'],
    ['an undeclared field', { ...user, shoeSize: 42 }, 'shoeSize'],
    ['no record at all', null, '(record)'],
  ])('%s is record_invalid and names the field, never the value', async (_, value, field) => {
    registry.register(subjectOf(topic), topic.schema.json);
    const writer = await openCodec().writer(topic);
    expect(() => writer.write(value as UserChanged)).toThrow(
      expect.objectContaining({ code: 'record_invalid', fields: { schema: 'freshet.UserChanged', field } }),
    );
  });
});
