import { type AvroField, type AvroJson, type AvroObject, isUnion, objectOf } from './avro-json.ts';
import type { Lint } from './lints.ts';

/**
 * Fields that look renamed since `previousJson` without an alias: in one record one went and one of the same type
 * came. Both being compatible, nothing else would say that the new field is empty in everything stored.
 */
export function renames(json: string, previousJson: string): Lint[] {
  const before = recordsOf(JSON.parse(previousJson) as AvroJson, '');
  return [...recordsOf(JSON.parse(json) as AvroJson, '')].flatMap(([path, fields]) =>
    renamed(path, fields, before.get(path) ?? []),
  );
}

function renamed(path: string, fields: readonly AvroField[], previous: readonly AvroField[]): Lint[] {
  const aliases = new Set(fields.flatMap((field) => field.aliases ?? []));
  const has = (list: readonly AvroField[], name: string) => list.some((field) => field.name === name);
  const gone = previous.filter(({ name }) => !has(fields, name) && !aliases.has(name));
  const come = fields.filter(
    ({ name, aliases: own }) => !has(previous, name) && !own?.some((alias) => has(previous, alias)),
  );
  return come.flatMap((field) => {
    const old = gone.find(({ type }) => JSON.stringify(type) === JSON.stringify(field.type));
    if (old === undefined) return [];
    const consequence = `looks like \`${old.name}\` renamed, and would read as its default in all that is stored: add "aliases": ["${old.name}"], or remove and add in two versions`;
    return [{ path: path === '' ? field.name : `${path}.${field.name}`, rule: 'alias-on-rename', consequence }];
  });
}

/** The fields of each record by its path. */
function recordsOf(schema: AvroJson, path: string, into = new Map<string, readonly AvroField[]>()) {
  if (isUnion(schema)) {
    for (const branch of schema) recordsOf(branch, path, into);
    return into;
  }
  const type: AvroObject = objectOf(schema);
  if (type.fields !== undefined) into.set(path, type.fields);
  for (const field of type.fields ?? [])
    recordsOf(field.type, path === '' ? field.name : `${path}.${field.name}`, into);
  if (type.items !== undefined) recordsOf(type.items, `${path}[]`, into);
  if (type.values !== undefined) recordsOf(type.values, `${path}{}`, into);
  return into;
}
