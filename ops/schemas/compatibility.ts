import { type AvroField, type AvroJson, type AvroObject, isUnion } from './avro-json.ts';
import { type NamedTypes, namedTypes } from './named-types.ts';

/** Why a reader cannot read what a writer wrote. */
export interface Incompatibility {
  /** Field path in the reader's or writer's names, such as `context.rank` or `items[].item_id`. */
  readonly path: string;
  readonly problem: string;
}

/** Types a reader's primitive can be written as, by Avro's promotion rules. */
const promotions: Readonly<Record<string, readonly string[]>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  string: ['bytes'],
  bytes: ['string'],
};

interface Comparison {
  readonly reader: NamedTypes;
  readonly writer: NamedTypes;
  /** Pairs of records under comparison, for types that contain themselves. */
  readonly open: Set<string>;
  readonly found: Incompatibility[];
}

/**
 * Every place where records of `writerJson` cannot be read as `readerJson`; nothing where all can.
 * Follows Avro's schema resolution, and is stricter in one point: a number must keep its logical type,
 * for milliseconds read as microseconds are a wrong value without an error.
 */
export function incompatibilities(readerJson: string, writerJson: string): Incompatibility[] {
  const reader = JSON.parse(readerJson) as AvroJson;
  const writer = JSON.parse(writerJson) as AvroJson;
  const found: Incompatibility[] = [];
  compare(reader, writer, '', { reader: namedTypes(reader), writer: namedTypes(writer), open: new Set(), found });
  return found;
}

function compare(reader: AvroJson, writer: AvroJson, path: string, context: Comparison): void {
  if (isUnion(writer)) {
    for (const branch of writer) compare(reader, branch, path, context);
  } else if (isUnion(reader)) compareWithUnion(reader, writer, path, context);
  else compareTypes(context.reader.resolve(reader), context.writer.resolve(writer), path, context);
}

/** One branch must do; where one is of the writer's kind its own problems say more than "no branch". */
function compareWithUnion(branches: readonly AvroJson[], writer: AvroJson, path: string, context: Comparison): void {
  const attempts = branches.map((branch) => {
    const found: Incompatibility[] = [];
    compare(branch, writer, path, { ...context, found });
    return { branch, found };
  });
  if (attempts.some(({ found }) => found.length === 0)) return;
  const nested = attempts.find(({ branch }) => kindOf(branch, context.reader) === kindOf(writer, context.writer));
  const none = `was written as ${kindOf(writer, context.writer)}, which is not among ${branches.map((branch) => kindOf(branch, context.reader)).join(', ')}`;
  context.found.push(...(nested?.found ?? [{ path, problem: none }]));
}

function kindOf(schema: AvroJson, types: NamedTypes): string {
  if (isUnion(schema)) return 'union';
  const type = types.resolve(schema);
  return type.name ?? String(type.type);
}

function compareTypes(reader: AvroObject, writer: AvroObject, path: string, context: Comparison): void {
  const problem = typeProblem(reader, writer);
  if (problem !== undefined) context.found.push({ path, problem });
  else if (reader.type === 'record') compareRecords(reader, writer, path, context);
  else if (reader.type === 'array') compare(reader.items ?? 'null', writer.items ?? 'null', `${path}[]`, context);
  else if (reader.type === 'map') compare(reader.values ?? 'null', writer.values ?? 'null', `${path}{}`, context);
}

function typeProblem(reader: AvroObject, writer: AvroObject): string | undefined {
  const kinds = `was written as ${writer.type}, is read as ${reader.type}`;
  if (reader.type !== writer.type)
    return promotions[String(reader.type)]?.includes(String(writer.type)) ? undefined : kinds;
  const names = [reader.name, ...(reader.aliases ?? [])].map((name) => qualified(name, reader));
  if (reader.name !== undefined && !names.includes(writer.name))
    return `was written as ${writer.name}, is read as ${reader.name}`;
  if (reader.logicalType !== writer.logicalType) {
    return `was written as ${writer.logicalType ?? 'a plain number'}, is read as ${reader.logicalType ?? 'a plain number'}`;
  }
  if (reader.type === 'fixed' && reader.size !== writer.size)
    return `was written with ${writer.size} bytes, is read with ${reader.size}`;
  return reader.type === 'enum' ? enumProblem(reader, writer) : undefined;
}

function qualified(name: string | undefined, type: AvroObject): string | undefined {
  const namespace = type.name?.includes('.') ? type.name.slice(0, type.name.lastIndexOf('.')) : undefined;
  return name === undefined || name.includes('.') || namespace === undefined ? name : `${namespace}.${name}`;
}

function enumProblem(reader: AvroObject, writer: AvroObject): string | undefined {
  if (reader.default !== undefined) return undefined;
  const unknown = (writer.symbols ?? []).filter((symbol) => !reader.symbols?.includes(symbol));
  return unknown.length > 0
    ? `may hold ${unknown.join(', ')}, which the reader's enum lacks, and it has no default`
    : undefined;
}

function compareRecords(reader: AvroObject, writer: AvroObject, path: string, context: Comparison): void {
  const pair = `${reader.name}:${writer.name}`;
  if (context.open.has(pair)) return;
  context.open.add(pair);
  for (const field of reader.fields ?? []) {
    const at = path === '' ? field.name : `${path}.${field.name}`;
    const written = writtenField(field, writer);
    if (written !== undefined) compare(field.type, written.type, at, context);
    else if (field.default === undefined) {
      context.found.push({ path: at, problem: `field \`${field.name}\` has no default and was not written` });
    }
  }
  context.open.delete(pair);
}

function writtenField(field: AvroField, writer: AvroObject): AvroField | undefined {
  const names = new Set([field.name, ...(field.aliases ?? [])]);
  return writer.fields?.find(({ name }) => names.has(name));
}
