import { type AvroFieldType, type AvroType, parseAvroType } from './avro-type.ts';
import type { Lint } from './lints.ts';

/**
 * Compatible changes after which stored values would be read as defaults without an error: a field that looks renamed
 * since `previousJson` without an alias, and an alias that is gone though one of `olderJsons` needs it.
 */
export function lostValues(json: string, previousJson: string, olderJsons: readonly string[]): Lint[] {
  const [now, before] = [recordsOf(parseAvroType(json)), recordsOf(parseAvroType(previousJson))];
  const older = olderJsons.map((text) => recordsOf(parseAvroType(text)));
  return [...now].flatMap(([path, fields]) => {
    const previous = before.get(path) ?? [];
    return [...renamed(path, fields, previous), ...forgotten(path, fields, previous, older)];
  });
}

type Fields = readonly AvroFieldType[];
const has = (fields: Fields, name: string) => fields.some((field) => field.name === name);
const at = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);

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
      path: at(path, field.name),
      rule: 'alias-on-rename',
      consequence: `looks like \`${old.name}\` renamed, and would read as its default in all that is stored`,
      remedy: `add "aliases": ["${old.name}"]; where it is another field, remove the old one in a version of its own first`,
    };
  });
}

function forgotten(path: string, fields: Fields, previous: Fields, older: readonly Map<string, Fields>[]): Lint[] {
  return fields.flatMap((field) => {
    const known = previous.find(({ name }) => name === field.name)?.aliases ?? [];
    const lost = known.filter((alias) => !field.aliases.includes(alias));
    return lost.flatMap((alias) => {
      const number = older.findIndex((records) => has(records.get(path) ?? [], alias)) + 1;
      if (number === 0) return [];
      return {
        path: at(path, field.name),
        rule: 'alias-kept',
        consequence: `records of v${number} call it \`${alias}\`, and would read as its default`,
        remedy: `keep "${alias}" among its aliases`,
      };
    });
  });
}

/** The fields of each record by its path. */
function recordsOf(type: AvroType, path = '', into = new Map<string, Fields>(), open = new Set<AvroType>()) {
  if (open.has(type)) return into;
  open.add(type);
  if (type.kind === 'record') into.set(path, type.fields);
  for (const branch of type.branches) recordsOf(branch, path, into, open);
  for (const field of type.fields) recordsOf(field.type, at(path, field.name), into, open);
  if (type.items) recordsOf(type.items, type.kind === 'map' ? `${path}{}` : `${path}[]`, into, open);
  open.delete(type);
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
