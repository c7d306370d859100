import { isDeepStrictEqual } from 'node:util';

export type Schema = Readonly<Record<string, unknown>>;
type Check = (limit: never, value: never, at: Place) => readonly string[];

interface Place {
  readonly path: string;
  readonly node: Schema;
  readonly judge: (schema: Schema, value: unknown, path: string) => readonly string[];
}

/** Keywords that say nothing of a value. */
const annotations = new Set(['description', 'default', 'title', 'examples', 'example', 'format', '$schema']);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
};
const isOfType = (type: string, value: unknown) =>
  type === typeOf(value) || (type === 'integer' && Number.isInteger(value));

const when = <T>(is: (value: unknown) => value is T, wrong: (limit: never, value: T) => boolean): Check =>
  ((limit: never, value: unknown, { path }: Place) =>
    is(value) && wrong(limit, value) ? [`${path} breaks ${JSON.stringify(limit)}`] : []) as Check;
const isAnything = (_value: unknown): _value is unknown => true;
const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const known = (node: Schema, name: string) => Object.hasOwn((node.properties ?? {}) as Schema, name);

const checks: Readonly<Record<string, Check>> = {
  type: ((types: string | readonly string[], value: unknown, { path }: Place) =>
    [types].flat().some((type) => isOfType(type, value)) ? [] : [`${path} is no ${types}`]) as Check,
  const: when(isAnything, (one: unknown, value) => !isDeepStrictEqual(one, value)),
  enum: when(isAnything, (all: readonly unknown[], value) => !all.includes(value)),
  minLength: when(isText, (min: number, value) => [...value].length < min),
  maxLength: when(isText, (max: number, value) => [...value].length > max),
  pattern: when(isText, (pattern: string, value) => !new RegExp(pattern, 'u').test(value)),
  minimum: when(isNumber, (min: number, value) => value < min),
  maximum: when(isNumber, (max: number, value) => value > max),
  minItems: when(isList, (min: number, value) => value.length < min),
  maxItems: when(isList, (max: number, value) => value.length > max),
  minProperties: when(isRecord, (min: number, value) => Object.keys(value).length < min),
  maxProperties: when(isRecord, (max: number, value) => Object.keys(value).length > max),
  required: when(isRecord, (names: readonly string[], value) => names.some((name) => !Object.hasOwn(value, name))),
  items: ((schema: Schema, value: unknown, { path, judge }: Place) =>
    isList(value) ? value.flatMap((one, index) => judge(schema, one, `${path}[${index}]`)) : []) as Check,
  properties: ((schemas: Readonly<Record<string, Schema>>, value: unknown, { path, judge }: Place) =>
    isRecord(value)
      ? Object.entries(schemas).flatMap(([name, schema]) =>
          Object.hasOwn(value, name) ? judge(schema, value[name], `${path}.${name}`) : [],
        )
      : []) as Check,
  propertyNames: ((schema: Schema, value: unknown, { path, judge }: Place) =>
    isRecord(value) ? Object.keys(value).flatMap((name) => judge(schema, name, `${path} (name)`)) : []) as Check,
  additionalProperties: ((schema: Schema | boolean, value: unknown, { path, judge, node }: Place) =>
    isRecord(value)
      ? Object.entries(value).flatMap(([name, one]) => {
          if (known(node, name) || schema === true) return [];
          return schema === false ? [`${path} has ${name}`] : judge(schema, one, `${path}.${name}`);
        })
      : []) as Check,
  anyOf: ((all: readonly Schema[], value: unknown, { path, judge }: Place) =>
    all.some((one) => judge(one, value, path).length === 0) ? [] : [`${path} fits none of anyOf`]) as Check,
  oneOf: ((all: readonly Schema[], value: unknown, { path, judge }: Place) =>
    all.filter((one) => judge(one, value, path).length === 0).length === 1
      ? []
      : [`${path} fits not one of oneOf`]) as Check,
  allOf: ((all: readonly Schema[], value: unknown, { path, judge }: Place) =>
    all.flatMap((one) => judge(one, value, path))) as Check,
};

/**
 * Judges values by schemas of an OpenAPI document, by JSON schema's own rules and nothing of ours. A keyword that it
 * does not know is an error: what is not looked at would pass.
 */
export function createJudge(document: unknown) {
  const { schemas } = (document as { components: { schemas: Readonly<Record<string, Schema>> } }).components;
  const resolve = (reference: string): Schema => {
    const found = schemas[reference.replace('#/components/schemas/', '')];
    if (found === undefined) throw new Error(`the document has no ${reference}`);
    return found;
  };
  function judge(node: Schema, value: unknown, path = '$'): readonly string[] {
    return Object.entries(node).flatMap(([keyword, limit]) => {
      if (annotations.has(keyword)) return [];
      if (keyword === '$ref') return judge(resolve(limit as string), value, path);
      const check = checks[keyword];
      if (check === undefined) throw new Error(`${path}: nothing is known of the keyword ${keyword}`);
      return check(limit as never, value as never, { path, node, judge });
    });
  }
  return { judge, resolve };
}
