import { camel } from '../../schemas/generated/avro-names.ts';
import { type AvroType, parseAvroType } from './avro-type.ts';

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
  return sample(parseAvroType(json), kind, new Set());
}

/** `open` are the records around: one that contains itself ends at its first inner one. */
function sample(type: AvroType, kind: SampleKind, open: ReadonlySet<AvroType>): Sample {
  const held = type.branches.find((branch) => branch.kind !== 'null') ?? type.items;
  const isEmpty = kind === 'least' || held === undefined || open.has(held);
  switch (type.kind) {
    case 'union':
      return isEmpty ? null : sample(held, kind, open);
    case 'array':
      return isEmpty ? [] : [sample(held, kind, open), sample(held, 'least', open)];
    case 'map':
      return isEmpty ? {} : { [strings[kind]]: sample(held, kind, open) };
    case 'record': {
      const inside = new Set(open).add(type);
      return Object.fromEntries(type.fields.map((field) => [camel(field.name), sample(field.type, kind, inside)]));
    }
    default:
      return scalar(type, kind);
  }
}

function scalar({ kind: type, logicalType, symbols, size }: AvroType, kind: SampleKind): Sample {
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
      const number = numbers[logicalType ?? ''] ?? numbers[type];
      if (number === undefined) throw new Error(`no sample of type ${type}`);
      return number[kind];
    }
  }
}
