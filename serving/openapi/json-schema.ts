import { z } from 'zod';
import { components } from './schemas/named.ts';

export type Json = Readonly<Record<string, unknown>>;

export const referenceTo = (id: string) => `#/components/schemas/${id}`;

/** Every named schema, as requests and answers have them. */
export function componentSchemas(): Record<string, Json> {
  const { schemas } = z.toJSONSchema(components, { io: 'input', uri: referenceTo, unrepresentable: 'any' });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, tidy(schema) as Json]));
}

/** A schema as the document has it: by reference where it has a name. */
export function schemaOf(schema: z.ZodType): Json {
  const id = components.get(schema)?.id;
  return id === undefined ? (tidy(z.toJSONSchema(schema, { io: 'input' })) as Json) : { $ref: referenceTo(id) };
}

/** Without what JSON schema says twice: `anyOf` of one type and null is that type or null. */
function tidy(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(tidy);
  if (typeof node !== 'object' || node === null) return node;
  const { $schema: _, $id: __, ...rest } = node as Json;
  const members = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, tidy(value)])) as Json;
  if (members.minimum === Number.MIN_SAFE_INTEGER) delete (members as { minimum?: unknown }).minimum;
  return orNull(members);
}

function orNull(node: Json): Json {
  const { anyOf, ...around } = node;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return node;
  const [one, none] = anyOf as [Json, Json];
  if (none.type !== 'null' || Object.keys(none).length !== 1) return node;
  if (typeof one.type !== 'string' || 'type' in around || 'const' in one) return node;
  const listed = Array.isArray(one.enum) ? { enum: [...one.enum, null] } : {};
  return { ...one, ...around, type: [one.type, 'null'], ...listed };
}
