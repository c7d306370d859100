import {
  type AvroFieldType,
  type AvroKind,
  type AvroType,
  fieldPath,
  itemsPath,
  parseAvroType,
  shortName,
  typeWords,
} from './avro-type.ts';

/** What kept a reader from what a writer wrote; the first seven are Avro's own, the others ours. */
export type Mismatch =
  | 'field-without-default'
  | 'type-changed'
  | 'branch-missing'
  | 'name-changed'
  | 'symbol-unknown'
  | 'size-changed'
  | 'alias-ambiguous'
  | 'namespace-changed'
  | 'meaning-changed';

/** Avro resolves these, but a reader here would refuse the records or read wrong values without an error. */
const ours: ReadonlySet<Mismatch> = new Set(['namespace-changed', 'meaning-changed']);

/** Why a reader cannot read what a writer wrote. */
export interface Incompatibility {
  /** Field path in the reader's names, such as `context.rank` or `items[].item_id`. */
  readonly path: string;
  readonly mismatch: Mismatch;
  readonly problem: string;
}

/** Types that a reader's primitive can also be written as: the specification's promotions. */
const promotions: Readonly<Partial<Record<AvroKind, readonly AvroKind[]>>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  string: ['bytes'],
  bytes: ['string'],
};

interface Comparison {
  /** Pairs under comparison, for records that contain themselves: reader, then writers. */
  readonly open: Map<AvroType, Set<AvroType>>;
  readonly found: Incompatibility[];
}

/**
 * Every place where records of one schema cannot be read as another; nothing where all can. Source: "Schema
 * Resolution" of the Avro specification, and stricter in two points, which `isAvros` tells apart: namespaces count,
 * since avsc compares full names, and a value keeps its logical type, since milliseconds read as microseconds are a
 * wrong value without an error.
 */
export function incompatibilities(readerJson: string, writerJson: string): Incompatibility[] {
  const found: Incompatibility[] = [];
  compare(parseAvroType(readerJson), parseAvroType(writerJson), '', { open: new Map(), found });
  return found;
}

/** True for what Avro's own rules refuse, which is what a schema registry goes by. */
export const isAvros = ({ mismatch }: Incompatibility): boolean => !ours.has(mismatch);

function compare(reader: AvroType, writer: AvroType, path: string, context: Comparison): void {
  if (writer.kind === 'union') for (const branch of writer.branches) compare(reader, branch, path, context);
  else if (reader.kind === 'union') compareWithUnion(reader, writer, path, context);
  else compareTypes(reader, writer, path, context);
}

/** One branch must do. Of those that do not, the one that was meant says more than "no branch". */
function compareWithUnion(reader: AvroType, writer: AvroType, path: string, context: Comparison): void {
  const attempts = reader.branches.map((branch) => {
    const found: Incompatibility[] = [];
    compare(branch, writer, path, { ...context, found });
    return { branch, found };
  });
  if (attempts.some(({ found }) => found.length === 0)) return;
  const meant =
    attempts.find(({ found }) => !found.some(isAvros)) ??
    attempts.find(({ branch }) => branch.kind === writer.kind && shortName(branch.name) === shortName(writer.name)) ??
    attempts.find(({ branch }) => branch.kind === writer.kind);
  const among = reader.branches.map(typeWords).join(', ');
  const problem = `was written as ${typeWords(writer)}, which is not among ${among}`;
  context.found.push(...(meant?.found ?? [{ path, mismatch: 'branch-missing' as const, problem }]));
}

function compareTypes(reader: AvroType, writer: AvroType, path: string, context: Comparison): void {
  const add = (mismatch: Mismatch, problem: string) => context.found.push({ path, mismatch, problem });
  if (reader.kind !== writer.kind) {
    if (!promotions[reader.kind]?.includes(writer.kind)) {
      add('type-changed', `was written as ${typeWords(writer)}, is read as ${typeWords(reader)}`);
      return;
    }
  } else if (reader.name !== '') compareNamed(reader, writer, add);
  if (meaningOf(reader) !== meaningOf(writer)) {
    add('meaning-changed', `was written as ${meaningOf(writer)}, is read as ${meaningOf(reader)}`);
  }
  if (reader.kind === 'record') compareRecords(reader, writer, path, context);
  if (reader.items && writer.items) {
    compare(reader.items, writer.items, itemsPath(path, reader), context);
  }
}

/** What a stored number or text stands for. */
function meaningOf({ logicalType, precision, scale = 0 }: AvroType): string {
  if (logicalType === undefined) return 'a plain value';
  return logicalType === 'decimal' ? `decimal(${precision}, ${scale})` : logicalType;
}

function compareNamed(reader: AvroType, writer: AvroType, add: (mismatch: Mismatch, problem: string) => void): void {
  const isAlias = reader.aliases.includes(writer.name);
  if (shortName(reader.name) !== shortName(writer.name) && !isAlias) {
    add('name-changed', `was written as ${writer.name}, is read as ${reader.name}`);
  } else if (reader.name !== writer.name && !isAlias) {
    add('namespace-changed', `was written as ${writer.name}, is read as ${reader.name}`);
  }
  if (reader.kind === 'fixed' && reader.size !== writer.size) {
    add('size-changed', `was written with ${writer.size} bytes, is read with ${reader.size}`);
  }
  if (reader.kind === 'enum' && reader.enumDefault === undefined) {
    const unknown = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol));
    if (unknown.length > 0) {
      add('symbol-unknown', `may hold ${unknown.join(', ')}, which the reader's enum lacks, and it has no default`);
    }
  }
}

function compareRecords(reader: AvroType, writer: AvroType, path: string, context: Comparison): void {
  const writers = context.open.get(reader) ?? new Set();
  if (writers.has(writer)) return;
  context.open.set(reader, writers.add(writer));
  for (const field of reader.fields) {
    const at = fieldPath(path, field.name);
    const [written, ...others] = writtenFields(field, writer);
    const add = (mismatch: Mismatch, problem: string) => context.found.push({ path: at, mismatch, problem });
    if (others.length > 0) {
      const names = [written, ...others].map((one) => `\`${one?.name}\``).join(' and ');
      add('alias-ambiguous', `is written as ${names}, and both are read as \`${field.name}\``);
    } else if (written !== undefined) compare(field.type, written.type, at, context);
    else if (!field.hasDefault) {
      add('field-without-default', `field \`${field.name}\` has no default and was not written`);
    }
  }
  writers.delete(writer);
}

function writtenFields(field: AvroFieldType, writer: AvroType): AvroFieldType[] {
  const names = new Set([field.name, ...field.aliases]);
  return writer.fields.filter(({ name }) => names.has(name));
}
