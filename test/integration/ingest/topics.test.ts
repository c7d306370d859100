import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordWriter } from '../../../pipeline/broker/codec.ts';
import { userKey } from '../../../pipeline/domain/keys.ts';
import type { InteractionSubmitted } from '../../../schemas/generated/interaction-submitted.v1.ts';
import { jsonTopics, topics } from '../../../schemas/topics.ts';
import { eventually } from '../../support/eventually.ts';
import { startIngest } from '../../support/ingest-harness.ts';
import { createIntakePlace, type IntakePlace, type RunningIntake, startIntake } from '../../support/intake-harness.ts';
import { nowhere, submitted } from '../../support/submitted.ts';

const avro = topics.interactionSubmitted.name;
const json = jsonTopics.engagementEvents.name;

let place: IntakePlace;
let intake: RunningIntake;
let writer: RecordWriter<InteractionSubmitted>;

beforeAll(async () => {
  place = await createIntakePlace({ name: 'topics' });
  writer = await place.resources.codec.writer(topics.interactionSubmitted);
  await place.resources.database.query({
    text: `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'no column takes this' USING ERRCODE = '22000'; END $$`,
  });
  await place.resources.database.query({
    text: `CREATE TRIGGER refuse BEFORE INSERT ON outbox FOR EACH ROW WHEN (NEW.event_id LIKE '%unstorable' AND NEW.topic NOT LIKE '%.dlq') EXECUTE FUNCTION refuse()`,
  });
  intake = await startIntake(place.workspace.config);
});
afterAll(async () => {
  await intake?.stop();
  await place?.close();
});

const event = (event_id: string, fields: Record<string, unknown> = {}) => ({
  event_id,
  namespace: 'shop',
  user_id: 'u',
  item_id: 'i',
  type: 'click',
  ...fields,
});
const text = (value: unknown) => Buffer.from(JSON.stringify(value));
const key = userKey('shop', 'u');
const recordedOf = async (run: string) =>
  (await place.recorded()).filter(({ eventId }) => eventId.startsWith(`${run}-`));
const idsOf = async (run: string) => (await recordedOf(run)).map(({ eventId }) => eventId);

async function results(door: string) {
  const { values } = await intake.metrics.ingestResults.get();
  return Object.fromEntries(
    values
      .filter(({ labels }) => labels.door === door)
      .map(({ labels, value }) => [`${labels.result}${labels.code ? ` ${labels.code}` : ''}`, value]),
  );
}

describe('what services hand in by a topic', () => {
  it('becomes the same record whichever format brings it, received by the clock of the intake', async () => {
    const before = Date.now();
    const occurredAt = before - 60_000;
    const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const commerce = { cart_id: 'c', order_id: 'o', unit_price: '19.90', currency: 'EUR' };
    const purchase = event('same-json', {
      type: 'purchase',
      value: 2,
      occurred_at: new Date(occurredAt).toISOString(),
      context: { surface: 'pdp', ab_bucket: 'b' },
      commerce,
      properties: { campaign: 'spring' },
    });
    const inAvro = submitted('same-avro', {
      type: 'purchase',
      value: 2,
      occurredAt,
      context: { ...nowhere, surface: 'pdp', abBucket: 'b' },
      commerce: { cartId: 'c', orderId: 'o', unitPrice: '19.90', currency: 'EUR' },
      properties: { campaign: 'spring' },
    });
    await place.send(json, [{ key, value: text(purchase), headers: { traceparent: trace } }]);
    await place.send(avro, [{ key, value: writer.write(inAvro), headers: { traceparent: trace } }]);
    await place.caughtUp();
    const [one, other] = await recordedOf('same');
    expect({ ...one, eventId: '', receivedAt: 0 }).toEqual({ ...other, eventId: '', receivedAt: 0 });
    expect(one).toMatchObject({ userId: 'u', type: 'purchase', value: 2, occurredAt, consent: 'full', trace });
    expect(one?.receivedAt).toBeGreaterThanOrEqual(before);
    expect(one?.receivedAt).toBeLessThanOrEqual(Date.now());
  });

  it('keeps the order of each key, and takes records without a key', async () => {
    const users = ['anna', 'ben', 'carl'];
    const names = Array.from({ length: 900 }, (_, n) => ({ user_id: users[n % 3] as string, event_id: `order-${n}` }));
    await place.send(
      json,
      names.map(({ user_id, event_id }) => ({
        key: userKey('shop', user_id),
        value: text(event(event_id, { user_id })),
      })),
    );
    await place.send(json, [{ key: null, value: text(event('order-none', { user_id: 'dora' })) }]);
    await place.caughtUp();
    const recorded = await recordedOf('order');
    expect(recorded).toHaveLength(901);
    for (const user of users) {
      const own = recorded.filter(({ userId }) => userId === user).map(({ eventId }) => eventId);
      expect(own).toEqual(names.filter(({ user_id }) => user_id === user).map(({ event_id }) => event_id));
    }
  });

  it('counts once, whichever doors bring it how often', async () => {
    const { namespace: _, ...inDefault } = event('doors-1');
    const http = await startIngest({
      postgresUrl: place.workspace.config.FRESHET_POSTGRES_URL,
      codec: place.resources.codec,
    });
    const accepted = { json: (await results(json)).accepted ?? 0, avro: (await results(avro)).accepted ?? 0 };
    try {
      expect((await http.post('/v1/events', inDefault)).status).toBe(202);
      await place.send(
        json,
        [inDefault, inDefault, event('doors-2'), event('doors-2')].map((one) => ({ key, value: text(one) })),
      );
      await place.caughtUp();
      await place.send(avro, [{ key, value: writer.write(submitted('doors-1', { namespace: 'default' })) }]);
      await place.send(avro, [{ key, value: writer.write(submitted('doors-2')) }]);
      await place.caughtUp();
      expect(await (await http.post('/v1/events', event('doors-2'))).json()).toMatchObject({ status: 'duplicate' });
    } finally {
      await http.close();
    }
    expect(await idsOf('doors')).toEqual(['doors-1', 'doors-2']);
    expect(await results(json)).toMatchObject({ accepted: accepted.json + 1, duplicate: 3 });
    expect(await results(avro)).toMatchObject({ accepted: accepted.avro, duplicate: 2 });
    expect(await place.letters()).toEqual([]);
  });
});

describe('a record that cannot be taken in', () => {
  const frame = (id: number, body = Buffer.alloc(3)) => {
    const prefix = Buffer.alloc(5);
    prefix.writeInt32BE(id, 1);
    return Buffer.concat([prefix, body]);
  };
  const poison: [
    name: string,
    topic: string,
    value: () => Buffer | null,
    letter: { reason: string; message: RegExp },
  ][] = [
    ['is no JSON', json, () => Buffer.from('{"event_id":'), { reason: 'undecodable', message: /^malformed_json: / }],
    [
      'is no UTF-8',
      json,
      () => Buffer.from([0x22, 0xff, 0x22]),
      { reason: 'undecodable', message: /^malformed_json: / },
    ],
    ['is no object', json, () => text('click'), { reason: 'invalid', message: /^wrong_type: \$ must be an object$/ }],
    ['is JSON null', json, () => text(null), { reason: 'invalid', message: /^wrong_type: \$ / }],
    ['has no value', json, () => null, { reason: 'invalid', message: /^required: \$ / }],
    [
      'holds NUL',
      json,
      () => text(event('bad-nul', { user_id: 'a\0b' })),
      { reason: 'invalid', message: /^malformed_text: \$\.user_id / },
    ],
    [
      'holds a lone surrogate',
      json,
      () => Buffer.from('{"event_id":"s","user_id":"\\ud800","item_id":"i","type":"view"}'),
      { reason: 'invalid', message: /^malformed_text: \$\.user_id / },
    ],
    [
      'is too long',
      json,
      () => text(event('bad-long', { item_id: 'x'.repeat(129) })),
      { reason: 'invalid', message: /^too_long: \$\.item_id .* \(limit 128\)$/ },
    ],
    [
      'has no id',
      json,
      () => text(event('x', { event_id: undefined })),
      { reason: 'invalid', message: /^required: \$\.event_id / },
    ],
    [
      'is too old',
      json,
      () => text(event('bad-old', { occurred_at: 1e9 })),
      { reason: 'invalid', message: /^too_old: \$\.occurred_at / },
    ],
    [
      'says when it was received',
      json,
      () => text(event('bad-field', { received_at: 1 })),
      { reason: 'invalid', message: /^unknown_field: \$\.received_at / },
    ],
    [
      'cannot be stored',
      json,
      () => text(event('bad-unstorable')),
      { reason: 'invalid', message: /^not_storable: \$ / },
    ],
    ['is not framed', avro, () => Buffer.from('{}'), { reason: 'undecodable', message: /framing|magic/ }],
    [
      'names a schema that nobody knows',
      avro,
      () => frame(2_000_000_000),
      { reason: 'schema_unknown', message: /2000000000/ },
    ],
    [
      'is cut off',
      avro,
      () => writer.write(submitted('bad-cut')).subarray(0, 9),
      { reason: 'undecodable', message: /./ },
    ],
    [
      'has a type of the future',
      avro,
      () => writer.write(submitted('bad-type', { type: 'unknown' })),
      { reason: 'invalid', message: /^unknown_type: \$\.type / },
    ],
    [
      'has a consent of the future',
      avro,
      () => writer.write(submitted('bad-consent', { consent: 'unknown' })),
      { reason: 'invalid', message: /^invalid_format: \$\.consent / },
    ],
    [
      'was in 1970',
      avro,
      () => writer.write(submitted('bad-1970', { occurredAt: 86_400_000 })),
      { reason: 'invalid', message: /^too_old: / },
    ],
    [
      'is no instant',
      avro,
      () => writer.write(submitted('bad-instant', { occurredAt: 2 ** 53 - 2 })),
      { reason: 'invalid', message: /^timestamp_invalid: / },
    ],
  ];

  it('is one dead letter with the codes of HTTP, and those around it are stored in their order', async () => {
    const before = (await place.letters()).length;
    const good = (n: number) => `around-${String(n).padStart(2, '0')}`;
    for (const [n, [, topic, value]] of poison.entries()) {
      const next = topic === json ? text(event(good(n))) : writer.write(submitted(good(n)));
      await place.send(topic, [
        { key, value: value() },
        { key, value: next },
      ]);
    }
    await place.caughtUp();
    const letters = (await place.letters()).slice(before);
    expect(letters).toHaveLength(poison.length);
    for (const topic of [json, avro]) {
      const expected = poison.filter((one) => one[1] === topic);
      const own = letters.filter((letter) => letter.topic === topic);
      expect(own.map(({ reason, message, stage }) => ({ reason, message, stage }))).toEqual(
        expected.map(([, , , { reason, message }]) => ({
          reason,
          message: expect.stringMatching(message),
          stage: 'intake',
        })),
      );
      expect(own.map(({ value, key: given }) => [given, value])).toEqual(expected.map(([, , value]) => [key, value()]));
      const ids = (await idsOf('around')).filter((id) => poison[Number(id.slice(7))]?.[1] === topic);
      expect(ids).toEqual(poison.flatMap((one, n) => (one[1] === topic ? [good(n)] : [])));
    }
    expect(await results(json)).toMatchObject({
      'rejected malformed_json': 2,
      'rejected too_long': 1,
      'rejected not_storable': 1,
    });
    expect(await results(avro)).toMatchObject({ 'rejected schema_unknown': 1, 'rejected unknown_type': 1 });
    expect(letters.find(({ eventId }) => eventId === 'bad-long')).toBeDefined();
  });

  it('can be larger than its topic says, where it was compressed', async () => {
    const before = (await place.letters()).length;
    const large = text(event('large', { properties: { note: ' '.repeat(1_100_000) } }));
    expect(gzipSync(large).length).toBeLessThan(100_000);
    await place.send(
      json,
      [
        { key, value: large },
        { key, value: text(event('after-large')) },
      ],
      1,
    );
    await place.caughtUp();
    const [letter, ...others] = (await place.letters()).slice(before);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      reason: 'undecodable',
      message: expect.stringMatching(/^body_too_large: .*1048576 bytes/),
    });
    expect(letter?.value?.equals(large)).toBe(true);
    expect(await idsOf('after')).toEqual(['after-large']);
  });

  it('stops nobody, however many of them come in a row', async () => {
    const before = (await place.letters()).length;
    const messages = Array.from({ length: 1_500 }, () => ({ key, value: Buffer.from('no') }));
    await place.send(json, [...messages, { key, value: text(event('flood-end')) }]);
    await place.caughtUp();
    expect(await place.letters()).toHaveLength(before + 1_500);
    expect(await idsOf('flood')).toEqual(['flood-end']);
    expect(
      intake
        .status()
        .every(({ state, partitions }) => state === 'running' && partitions.every(({ paused }) => !paused)),
    ).toBe(true);
  });

  it('because of its age was taken in before, when it was in time: then it is a duplicate', async () => {
    const before = (await place.letters()).length;
    const day = 86_400_000;
    const old = (id: string) => {
      const occurred_at = Date.now() - 5 * day;
      return [{ key, value: text(event(id, { namespace: 'aged', occurred_at })) }];
    };
    await place.send(json, old('aged-1'));
    await place.caughtUp();
    await place.resources.database.query({
      text: `INSERT INTO namespace_config (namespace, revision, body) VALUES ('aged', 1, $1)`,
      values: [JSON.stringify({ max_event_age_ms: day })],
    });
    let tries = 1;
    await eventually(async () => {
      tries += 1;
      await place.send(json, old(`aged-${tries}`));
      await place.caughtUp();
      expect(await place.letters()).toHaveLength(before + 1);
    });
    await place.send(json, old('aged-1'));
    await place.caughtUp();
    expect(await place.letters()).toHaveLength(before + 1);
    expect((await idsOf('aged')).filter((id) => id === 'aged-1')).toHaveLength(1);
  });

  it('is nothing that this process could not go on from', () => {
    expect(intake.failures).toEqual([]);
  });
});
