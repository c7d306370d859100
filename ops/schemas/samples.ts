import { camel } from '../../schemas/generated/avro-names.ts';
import { type AvroJson, type AvroObject, isUnion } from './avro-json.ts';
import { type NamedTypes, namedTypes } from './named-types.ts';

/** `least` has everything empty, `most` everything filled, the others the ends of each type's range. */
export const sampleKinds = ['least', 'most', 'lowest', 'highest'] as const;
export type SampleKind = (typeof sampleKinds)[number];

type Sample = null | boolean | number | string | Buffer | Sample[] | { [name: string]: Sample };

/** -2^52 and 2^53 - 2 are the ends of what avsc writes exactly; the instants are years 1 and 9999. */
const numbers: Readonly<Record<string, Readonly<Record<SampleKind, number>>>> = {
  int: { least: 0, most: 42, lowest: -2_147_483_648, highest: 2_147_483_647 },
  long: { least: 0, most: 1_234_567_890_123, lowest: -(2 ** 52), highest: 2 ** 53 - 2 },
  float: { least: 0, most: 0.5, lowest: -1.5, highest: 65_504 },
  double: { least: 0, most: 0.1, lowest: -Number.MIN_VALUE, highest: Number.MAX_VALUE },
  'timestamp-millis': { least: 0, most: 1_763_782_152_123, lowest: -62_135_596_800_000, highest: 253_402_300_799_999 },
};

const strings: Readonly<Record<SampleKind, string>> = {
  least: '',
  most: 'Grüße, 世界 🚀',
  lowest: ' ',
  highest: 'x'.repeat(130),
};

/** A value of the schema, in TypeScript's names; the same for ever, so that fixtures can be compared byte by byte. */
export function sampleOf(json: string, kind: SampleKind): unknown {
  const schema = JSON.parse(json) as AvroJson;
  return sample(schema, kind, namedTypes(schema));
}

function sample(schema: AvroJson, kind: SampleKind, types: NamedTypes): Sample {
  if (isUnion(schema))
    return kind === 'least' ? null : sample(schema.find((branch) => branch !== 'null') ?? 'null', kind, types);
  const type = types.resolve(schema);
  switch (type.type) {
    case 'record':
      return Object.fromEntries(
        (type.fields ?? []).map((field) => [camel(field.name), sample(field.type, kind, types)]),
      );
    case 'array':
      return kind === 'least'
        ? []
        : [sample(type.items ?? 'null', kind, types), sample(type.items ?? 'null', 'least', types)];
    case 'map':
      return kind === 'least' ? {} : { [strings[kind]]: sample(type.values ?? 'null', kind, types) };
    default:
      return scalar(type, kind);
  }
}

function scalar({ type, logicalType, symbols = [], size = 0 }: AvroObject, kind: SampleKind): Sample {
  switch (type) {
    case 'null':
      return null;
    case 'boolean':
      return kind === 'most' || kind === 'highest';
    case 'string':
      return strings[kind];
    case 'bytes':
      return kind === 'least' ? Buffer.alloc(0) : Buffer.from([0, 1, 0x7f, 0x80, 0xff]);
    case 'fixed':
      return Buffer.alloc(size, 0xa5);
    case 'enum':
      return (kind === 'least' || kind === 'lowest' ? symbols[0] : symbols.at(-1)) ?? '';
    default: {
      const number = numbers[logicalType ?? ''] ?? numbers[String(type)];
      if (number === undefined) throw new Error(`no sample of type ${String(type)}`);
      return number[kind];
    }
  }
}
