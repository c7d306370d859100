import { type AvroJson, type AvroObject, isUnion, objectOf } from './avro-json.ts';

const defines = new Set<AvroJson>(['record', 'enum', 'fixed']);

/** A type and the full names that references inside it are resolved with. */
export interface NamedTypes {
  /** The type a schema stands for: named references are followed, names become full. */
  resolve(schema: Exclude<AvroJson, readonly AvroJson[]>): AvroObject;
}

/** Collects the records, enums and fixed types of a schema under their full and their short names. */
export function namedTypes(schema: AvroJson): NamedTypes {
  const types = new Map<string, AvroObject>();
  collect(schema, undefined, types);
  return {
    resolve(one) {
      const found = objectOf(one);
      if (typeof found.type !== 'string') return found;
      const name = defines.has(found.type) ? found.name : found.type;
      return types.get(shortName(name ?? '')) ?? found;
    },
  };
}

function collect(schema: AvroJson, namespace: string | undefined, types: Map<string, AvroObject>): void {
  if (isUnion(schema)) {
    for (const branch of schema) collect(branch, namespace, types);
    return;
  }
  const type = objectOf(schema);
  const inside = type.namespace ?? namespace;
  if (defines.has(type.type)) {
    const name = type.name ?? '';
    const full = name.includes('.') || inside === undefined ? name : `${inside}.${name}`;
    types.set(shortName(full), { ...type, name: full });
  }
  for (const field of type.fields ?? []) collect(field.type, inside, types);
  if (type.items !== undefined) collect(type.items, inside, types);
  if (type.values !== undefined) collect(type.values, inside, types);
}

const shortName = (name: string) => name.slice(name.lastIndexOf('.') + 1);
