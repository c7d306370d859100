type Json = string | readonly Json[] | { readonly [key: string]: unknown };

interface Named {
  readonly type: string;
  readonly name: string;
  readonly namespace?: string;
}

const namedTypes: ReadonlySet<unknown> = new Set(['record', 'error', 'enum', 'fixed']);

/**
 * An Avro text with other texts written in, each where its type is named first: registries keep a schema that refers
 * to others in parts, and a reader takes one text. Names are resolved as Avro does, by the namespace around them.
 */
export function writtenIn(text: string, others: readonly string[]): string {
  const pending = new Map<string, Json>();
  for (const other of others) {
    const schema = JSON.parse(other) as Json;
    if (isNamed(schema)) pending.set(fullName(schema, ''), schema);
  }
  return JSON.stringify(fill(JSON.parse(text) as Json, '', pending));
}

function fill(schema: Json, namespace: string, pending: Map<string, Json>): Json {
  if (typeof schema === 'string') return typeNamed(schema, namespace, pending);
  if (Array.isArray(schema)) return schema.map((one: Json) => fill(one, namespace, pending));
  const inside = isNamed(schema) ? namespaceOf(fullName(schema, namespace)) : namespace;
  const filled = Object.entries(schema).map(([key, value]) => {
    if (key === 'fields') return [key, (value as Json[]).map((field) => withType(field, inside, pending))];
    return [key, isTypeAt(key, schema) ? fill(value as Json, inside, pending) : value];
  });
  return Object.fromEntries(filled) as Json;
}

/** `type` holds a name or another schema; `record` and the like are no names. */
const isTypeAt = (key: string, schema: object): boolean =>
  key === 'items' || key === 'values' || (key === 'type' && !isNamed(schema as Json));

const withType = (field: Json, namespace: string, pending: Map<string, Json>): Json => ({
  ...(field as object),
  type: fill((field as { type: Json }).type, namespace, pending),
});

function typeNamed(name: string, namespace: string, pending: Map<string, Json>): Json {
  const full = name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
  const found = pending.has(full) ? full : name;
  const schema = pending.get(found);
  if (schema === undefined) return name;
  pending.delete(found);
  return { ...(fill(schema, '', pending) as object), namespace: namespaceOf(found) };
}

const isNamed = (schema: Json): schema is Json & Named =>
  typeof schema === 'object' && !Array.isArray(schema) && 'type' in schema && namedTypes.has(schema.type);

const fullName = ({ name, namespace }: Named, around: string): string => {
  const outer = namespace ?? around;
  return name.includes('.') || outer === '' ? name : `${outer}.${name}`;
};

const namespaceOf = (full: string): string => full.slice(0, Math.max(0, full.lastIndexOf('.')));
