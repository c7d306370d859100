import { added, after, consent, event, field, type Mistake, millis, read, schema, without, write } from './planting.ts';

/** In a schema and against its history. */
export const schemaMistakes: readonly Mistake[] = [
  [
    'a field that a stage passes on, and the topic it writes does not have',
    () => {
      const recorded = 'schemas/events/interaction-recorded.v1.avsc';
      const text = JSON.parse(read(recorded));
      text.fields.push({ name: 'mood', type: ['null', 'string'], doc: 'Mood.', default: null });
      write(recorded, JSON.stringify(text));
    },
    ['schemas/events/interaction-enriched.v1.avsc', 'mood'],
    /carried: .*enrichment passes it on.*freshet schemas evolve interaction-enriched.v1/i,
  ],
  [
    'a new field without default',
    added({ default: undefined }, 'string'),
    [event, 'channel'],
    /give the field a default/i,
  ],
  ['a nullable field without default', added({ default: undefined }), [event, 'channel'], /add "default": null/i],
  ['a default of another type', added({ default: 'none' }, 'int'), [event, '(record)'], /avro: .*correct it/i],
  ['a default null where null is no branch', added({}, 'string'), [event, '(record)'], /avro: .*correct it/i],
  ['text made a number', field('user_id', (one) => (one.type = 'int')), [event, 'user_id'], /new field beside it/i],
  [
    'a long made an int',
    field('revision', (one) => (one.type = 'int')),
    [event, 'revision'],
    /written as long.*beside it/i,
  ],
  [
    'a long made a double',
    field('revision', (one) => (one.type = 'double')),
    [event, 'revision'],
    /readers of v1.*beside it/i,
  ],
  [
    'a map made a list',
    field('traits', (one) => Object.assign(one, { type: { type: 'array', items: 'string' }, default: [] })),
    [event, 'traits'],
    /written as map of string.*beside it/i,
  ],
  [
    'map values of another type',
    field('traits', (one) => (one.type = { type: 'map', values: 'int' })),
    [event, 'traits{}'],
    /beside it/i,
  ],
  [
    'text made nullable',
    field('user_id', (one) => Object.assign(one, { type: ['null', 'string'], default: null })),
    [event, 'user_id'],
    /readers of v1.*written as null.*beside it/i,
  ],
  [
    'null taken away',
    field('last_seen_at', (one) => Object.assign(one, { type: millis, default: 0 })),
    [event, 'last_seen_at'],
    /records written as v1.*null.*beside it/i,
  ],
  ['a field without default removed', without('user_id'), [event, 'user_id'], /readers of v1.*keep the field/i],
  [
    'a symbol removed from an enum that has lost its default',
    consent((type) => Object.assign(type, { symbols: ['full', 'none'], default: undefined })),
    [event, 'consent'],
    /may hold functional.*keep the symbol/i,
  ],
  [
    'an enum without default',
    added({}, ['null', { type: 'enum', name: 'Channel', doc: 'Channel.', symbols: ['web'] }]),
    [event, 'channel'],
    /enum-default.*add "default"/i,
  ],
  [
    'a default that is no symbol',
    consent((type) => (type.default = 'all')),
    [event, '(record)'],
    /avro: .*correct it/i,
  ],
  [
    'a symbol in capitals',
    consent((type) => (type.symbols as string[]).push('FULL_PLUS')),
    [event, 'consent'],
    /symbol-name.*call it full_plus/i,
  ],
  [
    'a union of two types',
    added({ default: 'x' }, ['string', 'int']),
    [event, 'channel'],
    /nullable-union.*\["null", T\]/i,
  ],
  ['an ambiguous union of three', added({}, ['null', 'int', 'long']), [event, '(record)'], /avro: .*correct it/i],
  [
    'null as the second branch',
    added({ default: '' }, ['string', 'null']),
    [event, 'channel'],
    /nullable-union.*make it/i,
  ],
  [
    'nanoseconds',
    added({ name: 'seen_ns', doc: 'Nanoseconds.' }, ['null', { type: 'long', logicalType: 'timestamp-nanos' }]),
    [event, 'seen_ns'],
    /logical-type.*use timestamp-millis/i,
  ],
  [
    'a local timestamp',
    added({ name: 'seen', doc: 'Milliseconds.' }, ['null', { type: 'long', logicalType: 'local-timestamp-millis' }]),
    [event, 'seen'],
    /logical-type.*use timestamp-millis/i,
  ],
  [
    'a timestamp on an int',
    added({ name: 'seen_at', doc: 'Milliseconds.' }, ['null', { type: 'int', logicalType: 'timestamp-millis' }]),
    [event, 'seen_at'],
    /is on int.*put it on long/i,
  ],
  [
    'milliseconds made microseconds',
    field('received_at', (one) =>
      Object.assign(one, { type: { type: 'long', logicalType: 'timestamp-micros' }, doc: 'Microseconds.' }),
    ),
    [event, 'received_at'],
    /written as timestamp-millis.*beside it/i,
  ],
  [
    'an instant as a bare number',
    added({ name: 'seen_at', doc: 'Milliseconds.' }, ['null', 'long']),
    [event, 'seen_at'],
    /instant.*logicalType/i,
  ],
  [
    'a duration without its unit',
    added({ name: 'length_ms', doc: 'Length.', default: 0 }, 'int'),
    [event, 'length_ms'],
    /unit.*say milliseconds/i,
  ],
  [
    'a 64-bit id as long',
    added({ name: 'order_id', doc: 'Order.' }, ['null', 'long']),
    [event, 'order_id'],
    /id-as-string.*make it a string/i,
  ],
  [
    'a decimal without precision',
    added({ name: 'price' }, ['null', { type: 'bytes', logicalType: 'decimal' }]),
    [event, 'price'],
    /decimal-precision.*add "precision"/i,
  ],
  [
    'a field renamed without alias',
    field('last_seen_at', (one) => (one.name = 'seen_at')),
    [event, 'seen_at'],
    /alias-on-rename.*"aliases": \["last_seen_at"\]/i,
  ],
  [
    'an alias forgotten later',
    after(
      field('last_seen_at', (one) => Object.assign(one, { name: 'seen_at', aliases: ['last_seen_at'] })),
      field('seen_at', (one) => (one.aliases = [])),
    ),
    [event, 'seen_at'],
    /alias-kept.*v1.*keep "last_seen_at"/i,
  ],
  [
    'an alias that another field has as its name',
    added({ aliases: ['traits'] }),
    [event, 'channel'],
    /alias: .*take the alias away/i,
  ],
  [
    'a field in camelCase',
    added({ name: 'salesChannel' }),
    [event, 'salesChannel'],
    /field-name.*call it sales_channel/i,
  ],
  [
    'two fields that are one in TypeScript',
    schema(({ fields }) => {
      for (const name of ['part1', 'part_1'])
        fields.push({ name, type: ['null', 'string'], doc: 'Part.', default: null });
    }),
    [event, 'part_1'],
    /field-name.*rename one/i,
  ],
  [
    'a field that every object has',
    added({ name: 'to_string' }),
    [event, 'to_string'],
    /field-name: is called toString.*another name/i,
  ],
  [
    'a type of the same short name in another namespace',
    added({}, ['null', { type: 'record', name: 'other.Consent', doc: 'Consent.', fields: [] }]),
    [event, 'channel'],
    /type-name: .*like freshet\.Consent.*another name/i,
  ],
  [
    'a type that generated types use',
    added({}, ['null', { type: 'record', name: 'Record', doc: 'Record.', fields: [] }]),
    [event, 'channel'],
    /type-name: .*another name/i,
  ],
  [
    'a default of bytes that are none',
    added({ default: '€' }, 'bytes'),
    [event, 'channel'],
    /bytes-default: .*U\+00FF/i,
  ],
  [
    'a field of another alphabet',
    added({ name: 'größe' }),
    [event, 'größe'],
    /field-name: is not snake_case.*call it gr_e/i,
  ],
  ['an alias that is its own name', added({ aliases: ['channel'] }), [event, 'channel'], /alias: .*its own name/i],
  ['a field twice', added({ name: 'user_id' }), [event, '(record)'], /avro: .*correct it/i],
  ['a type that is defined nowhere', added({}, ['null', 'Channel']), [event, '(record)'], /avro: .*define the type/i],
  ['a field without doc', added({ doc: undefined }), [event, 'channel'], /doc: .*give it a "doc"/i],
  ['a record without doc', schema((text) => (text.doc = '')), [event, '(record)'], /doc: .*give it a "doc"/i],
  [
    'a default that is an object',
    added({ default: { a: 'b' } }, { type: 'map', values: 'string' }),
    [event, 'channel'],
    /plain-default.*nullable/i,
  ],
  [
    'another namespace',
    schema((text) => (text.namespace = 'freshet.audience')),
    [event, '(record)'],
    /freshet\.UserChanged.*keep the namespace/i,
  ],
  [
    'a nested type renamed',
    consent((type) => (type.name = 'Permission')),
    [event, 'consent'],
    /written as freshet\.Consent.*keep the name/i,
  ],
  [
    'a type in lower case',
    added({}, ['null', { type: 'record', name: 'channel', doc: 'Channel.', fields: [] }]),
    [event, 'channel'],
    /type-name.*rename it/i,
  ],
  [
    'a change of what was removed before',
    after(without('last_seen_at'), added({ name: 'last_seen_at' })),
    [event, 'last_seen_at'],
    /v1.*beside it/i,
  ],
];
