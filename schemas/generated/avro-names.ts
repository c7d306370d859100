export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** The name a field has in TypeScript. */
export const camel = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/**
 * The same schema with camelCase field names and aliases. Avro's binary form has no names, so records read and
 * written with it are byte-identical, and no record needs to be copied to rename its fields.
 */
export function camelCased(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(camelCased);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy: JsonObject = { ...schema };
  for (const part of ['type', 'items', 'values']) if (copy[part] !== undefined) copy[part] = camelCased(copy[part]);
  if (Array.isArray(schema.fields)) copy.fields = schema.fields.map((field) => camelCasedField(field as JsonObject));
  return copy;
}

function camelCasedField(field: JsonObject): JsonObject {
  const renamed: JsonObject = { ...field, name: camel(String(field.name)), type: camelCased(field.type ?? null) };
  if (Array.isArray(field.aliases)) renamed.aliases = field.aliases.map((alias) => camel(String(alias)));
  return renamed;
}

/** A schema without the defaults of its fields, which play no part in reading what was written with it. */
export function withoutDefaults(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(withoutDefaults);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy: JsonObject = { ...schema };
  for (const part of ['type', 'items', 'values']) if (copy[part] !== undefined) copy[part] = withoutDefaults(copy[part]);
  if (Array.isArray(schema.fields)) {
    copy.fields = schema.fields.map((field) => {
      const { default: _, ...rest } = field as JsonObject;
      return { ...rest, type: withoutDefaults(rest.type ?? null) };
    });
  }
  return copy;
}
