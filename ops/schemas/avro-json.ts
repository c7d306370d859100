/** An Avro schema as JSON, in the part of the language that ours use. */
export type AvroJson = string | readonly AvroJson[] | AvroObject;

export interface AvroObject {
  readonly type: AvroJson;
  readonly name?: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly logicalType?: string;
  readonly precision?: number;
  readonly scale?: number;
  readonly aliases?: readonly string[];
  readonly fields?: readonly AvroField[];
  readonly symbols?: readonly string[];
  readonly default?: unknown;
  readonly items?: AvroJson;
  readonly values?: AvroJson;
  readonly size?: number;
}

export interface AvroField {
  readonly name: string;
  readonly type: AvroJson;
  readonly doc?: string;
  readonly default?: unknown;
  readonly aliases?: readonly string[];
}

export const isUnion = (schema: AvroJson): schema is readonly AvroJson[] => Array.isArray(schema);

/** The schema as an object: a bare name becomes `{ type: name }`, a nested `{ type: {…} }` is unwrapped. */
export function objectOf(schema: Exclude<AvroJson, readonly AvroJson[]>): AvroObject {
  if (typeof schema === 'string') return { type: schema };
  const inner = schema.type;
  return typeof inner === 'object' && !isUnion(inner) ? objectOf(inner) : schema;
}

/** The text that is registered and compared: the same schema always gives the same text. */
export const compactText = (json: string): string => JSON.stringify(JSON.parse(json));
