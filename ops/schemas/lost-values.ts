import { type AvroFieldType, type AvroType, fieldPath, itemsPath, parseAvroType } from './avro-type.ts';
import type { Lint } from './lints.ts';

/**
 * Compatible changes after which stored values would be read as defaults without an error: a field that looks renamed
 * since `previousJson` without an alias, and an alias that is gone though one of `olderJsons` needs it.
 */
export function lostValues(json: string, previousJson: string, olderJsons: readonly string[]): Lint[] {
  const before = recordsOf(parseAvroType(previousJson));
  const older = olderJsons.map((text) => recordsOf(parseAvroType(text)));
  return [...recordsOf(parseAvroType(json)).values()].flatMap(({ type, path }) => {
    const then = older.map((records) => fieldsOf(records, type));
    const previous = fieldsOf(before, type);
    return [...renamed(path, type.fields, previous), ...forgotten(path, type.fields, previous, then)];
  });
}

interface PlacedRecord {
  readonly type: AvroType;
  /** Where it is met first. */
  readonly path: string;
}

/** By full names: the fields that hold a record may be renamed as well. */
type Records = ReadonlyMap<string, PlacedRecord>;

/** The fields that a record had in another version, under its name or one of its aliases. */
function fieldsOf(records: Records, { name, aliases }: AvroType): Fields {
  const known = [name, ...aliases].find((one) => records.has(one));
  return records.get(known ?? '')?.type.fields ?? [];
}

type Fields = readonly AvroFieldType[];
const has = (fields: Fields, name: string) => fields.some((field) => field.name === name);

/** In one record one field went and one of the same type came. */
function renamed(path: string, fields: Fields, previous: Fields): Lint[] {
  const aliases = new Set(fields.flatMap((field) => field.aliases));
  const gone = previous.filter(({ name }) => !has(fields, name) && !aliases.has(name));
  const come = fields.filter(
    (field) => !has(previous, field.name) && !field.aliases.some((alias) => has(previous, alias)),
  );
  return come.flatMap((field) => {
    const old = gone.find(({ type }) => textOf(type) === textOf(field.type));
    if (old === undefined) return [];
    return {
      path: fieldPath(path, field.name),
      rule: 'alias-on-rename',
      consequence: `looks like \`${old.name}\` renamed, and would read as its default in all that is stored`,
      remedy: `add "aliases": ["${old.name}"]; where it is another field, remove the old one in a version of its own first`,
    };
  });
}

/** An alias that the version before had is gone, and records of an older one need it. */
function forgotten(path: string, fields: Fields, previous: Fields, older: readonly Fields[]): Lint[] {
  return fields.flatMap((field) => {
    const known = previous.find(({ name }) => name === field.name)?.aliases ?? [];
    const lost = known.filter((alias) => !field.aliases.includes(alias));
    return lost.flatMap((alias) => {
      const number = older.findIndex((then) => has(then, alias)) + 1;
      if (number === 0) return [];
      return {
        path: fieldPath(path, field.name),
        rule: 'alias-kept',
        consequence: `records of v${number} call it \`${alias}\`, and would read as its default`,
        remedy: `keep "${alias}" among its aliases`,
      };
    });
  });
}

/** Each record once, where it is met first. */
function recordsOf(type: AvroType, path = '', into = new Map<string, PlacedRecord>()): Records {
  if (type.kind === 'record') {
    if (into.has(type.name)) return into;
    into.set(type.name, { type, path });
  }
  for (const branch of type.branches) recordsOf(branch, path, into);
  for (const field of type.fields) recordsOf(field.type, fieldPath(path, field.name), into);
  if (type.items) recordsOf(type.items, itemsPath(path, type), into);
  return into;
}

/** The same for types of the same shape, whatever their docs say. */
function textOf(type: AvroType, open = new Set<AvroType>()): string {
  if (open.has(type)) return type.name;
  open.add(type);
  const { kind, name, logicalType, precision, scale, symbols, size } = type;
  const fields = type.fields.map((field) => [field.name, textOf(field.type, open)]);
  const parts = [...type.branches, ...(type.items ? [type.items] : [])].map((one) => textOf(one, open));
  open.delete(type);
  return JSON.stringify([kind, name, logicalType, precision, scale, symbols, size, fields, parts]);
}
