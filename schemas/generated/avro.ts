import avsc from 'avsc';

/** One record schema: its text for the registry, and functions compiled from it. Safe to share. */
export interface AvroSchema<V> {
  /** Full record name. */
  readonly name: string;
  /** The schema as the registry gets it, field names in snake_case. */
  readonly json: string;
  /** Encodes without framing into `target` at `position`; returns the end, negative where it did not fit. */
  encodeInto(value: V, target: Buffer, position: number): number;
  /** The path of the first field that does not fit the schema (undeclared fields included), else undefined. */
  invalidPath(value: unknown): string | undefined;
  /**
   * A function that decodes bodies written with `writerJson` (from `position` on) as this schema's type.
   * Throws where the two are incompatible; the function throws where bytes are broken or left over.
   */
  readerFor(writerJson: string): (bytes: Buffer, position: number) => V;
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/**
 * The same schema with camelCase field names. Avro's binary form has no names, so records read and
 * written with it are byte-identical, and no record needs to be copied to rename its fields.
 */
function camelCased(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(camelCased);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'fields' && Array.isArray(value)) {
      copy[name] = value.map((field) => {
        const renamed = field as { [name: string]: Json };
        return { ...renamed, name: camel(String(renamed.name)), type: camelCased(renamed.type ?? null) };
      });
    } else copy[name] = name === 'default' || name === 'symbols' || name === 'doc' ? value : camelCased(value);
  }
  return copy;
}

const parse = (json: string) =>
  avsc.Type.forSchema(camelCased(JSON.parse(json)) as avsc.Schema, { wrapUnions: 'never' });

/** avsc's positional interface, which its type declarations leave out (5.7). */
interface PositionalType {
  encode(value: unknown, target: Buffer, position: number): number;
  decode(bytes: Buffer, position: number, resolver?: unknown): { value: unknown; offset: number };
}

/** Compiles a schema text; done once a generated module. */
export function avroSchema<V>(json: string): AvroSchema<V> {
  const type = parse(json);
  const positional = type as unknown as PositionalType;
  return {
    name: type.name ?? '',
    json,
    encodeInto: (value, target, position) => positional.encode(value, target, position),
    invalidPath(value) {
      let found: string | undefined;
      type.isValid(value, {
        noUndeclaredFields: true,
        errorHook: (path: string[]) => {
          found ??= path.join('.') || '(record)';
        },
      } as Parameters<typeof type.isValid>[1]);
      return found;
    },
    readerFor(writerJson) {
      const resolver = writerJson === json ? undefined : type.createResolver(parse(writerJson));
      return (bytes, position) => {
        const { value, offset } = positional.decode(bytes, position, resolver);
        if (offset !== bytes.length) throw new Error(offset < 0 ? 'record is truncated' : 'bytes are left over');
        return value as V;
      };
    },
  };
}

