import { type AvroJson, type AvroObject, isUnion } from './avro-json.ts';

export const primitiveKinds = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
const namedKinds: ReadonlySet<unknown> = new Set(['record', 'enum', 'fixed']);

export type AvroKind = (typeof primitiveKinds)[number] | 'record' | 'enum' | 'fixed' | 'array' | 'map' | 'union';

/** A schema with its references followed: a record that holds itself is a cycle. */
export interface AvroType {
  readonly kind: AvroKind;
  /** Full name of a record, an enum or a fixed type; empty for others. */
  readonly name: string;
  /** Full names. */
  readonly aliases: readonly string[];
  readonly doc: string;
  readonly logicalType: string | undefined;
  readonly precision: number | undefined;
  readonly scale: number | undefined;
  readonly symbols: readonly string[];
  /** The symbol that stands for unknown ones. */
  readonly enumDefault: string | undefined;
  readonly size: number;
  readonly fields: readonly AvroFieldType[];
  /** Of an array's items or a map's values. */
  readonly items: AvroType | undefined;
  readonly branches: readonly AvroType[];
}

export interface AvroFieldType {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly doc: string;
  readonly type: AvroType;
  readonly hasDefault: boolean;
  readonly default: unknown;
}

/** The name without its namespace. */
export const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** Path of a field of the record at `path`; the event itself is at the empty one. */
export const fieldPath = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** Path of what the list or map at `path` holds. */
export const itemsPath = (path: string, { kind }: Pick<AvroType, 'kind'>): string =>
  kind === 'map' ? `${path}{}` : `${path}[]`;

/** Parses a schema's text by the specification's rules for names. Throws where it refers to a type that is not defined. */
export function parseAvroType(json: string): AvroType {
  return build(JSON.parse(json) as AvroJson, '', new Map());
}

function build(schema: AvroJson, namespace: string, types: Map<string, AvroType>): AvroType {
  if (schema === null || !['string', 'object'].includes(typeof schema)) {
    throw new Error(`${JSON.stringify(schema) ?? 'nothing'} is no type`);
  }
  if (isUnion(schema)) {
    return { ...plain('union'), branches: schema.map((branch) => build(branch, namespace, types)) };
  }
  if (typeof schema === 'string') return referred(schema, namespace, types);
  const { type } = schema;
  if (typeof type !== 'string') return build(type, namespace, types);
  if (namedKinds.has(type)) return buildNamed(schema, type as AvroKind, namespace, types);
  const items = schema.items ?? schema.values;
  const { logicalType, precision, scale } = schema;
  const own = items === undefined ? referred(type, namespace, types) : plain(type as AvroKind);
  if (own.name !== '') return own;
  return {
    ...own,
    logicalType,
    precision,
    scale,
    items: items === undefined ? undefined : build(items, namespace, types),
  };
}

function referred(name: string, namespace: string, types: Map<string, AvroType>): AvroType {
  const found = types.get(qualified(name, namespace)) ?? types.get(name);
  if (found !== undefined) return found;
  const kind = primitiveKinds.find((one) => one === name);
  if (kind === undefined) throw new Error(`type ${name} is not defined before it is used`);
  return plain(kind);
}

function buildNamed(schema: AvroObject, kind: AvroKind, outer: string, types: Map<string, AvroType>): AvroType {
  const name = qualified(schema.name ?? '', schema.namespace ?? outer);
  const namespace = name.slice(0, Math.max(0, name.lastIndexOf('.')));
  const { logicalType, precision, scale, symbols = [], size = 0 } = schema;
  refuseShape(schema, name);
  const fields: AvroFieldType[] = [];
  const type: AvroType = {
    ...plain(kind),
    name,
    aliases: (schema.aliases ?? []).map((alias) => qualified(alias, namespace)),
    doc: schema.doc ?? '',
    logicalType,
    precision,
    scale,
    symbols,
    enumDefault: kind === 'enum' ? (schema.default as string | undefined) : undefined,
    size,
    fields,
  };
  types.set(name, type); // before its fields, which may be of it
  for (const field of schema.fields ?? []) {
    refuseShape(field, `${name}.${field.name}`);
    fields.push({
      name: field.name,
      aliases: field.aliases ?? [],
      doc: field.doc ?? '',
      type: build(field.type, namespace, types),
      hasDefault: field.default !== undefined,
      default: field.default,
    });
  }
  return type;
}

/** Only what would be taken for something else later: avsc looks at the rest. */
function refuseShape({ doc, aliases, fields }: Partial<AvroObject>, of: string): void {
  if (doc !== undefined && typeof doc !== 'string') throw new Error(`"doc" of ${of} is no text`);
  if (aliases !== undefined && !(Array.isArray(aliases) && aliases.every((alias) => typeof alias === 'string'))) {
    throw new Error(`"aliases" of ${of} is no list of names`);
  }
  if (fields !== undefined && !(Array.isArray(fields) && fields.every((field) => typeof field?.name === 'string'))) {
    throw new Error(`"fields" of ${of} is no list of fields, each with a "name"`);
  }
}

const qualified = (name: string, namespace: string) =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;

const plain = (kind: AvroKind): AvroType => ({
  kind,
  name: '',
  aliases: [],
  doc: '',
  logicalType: undefined,
  precision: undefined,
  scale: undefined,
  symbols: [],
  enumDefault: undefined,
  size: 0,
  fields: [],
  items: undefined,
  branches: [],
});

/** A type in words, such as `nullable string` or `array of Line`. */
export function typeWords(type: AvroType): string {
  const { kind, logicalType } = type;
  if (kind === 'union') {
    const held = type.branches.filter((branch) => branch.kind !== 'null');
    const words = held.map(typeWords).join(' or ');
    return held.length < type.branches.length ? `nullable ${words}` : words;
  }
  if (kind === 'array' || kind === 'map') return `${kind} of ${type.items ? typeWords(type.items) : 'nothing'}`;
  const base = type.name === '' ? kind : `${kind} ${shortName(type.name)}`;
  return logicalType === undefined ? base : `${base} (${logicalType})`;
}
