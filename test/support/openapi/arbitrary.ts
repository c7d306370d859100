import fc from 'fast-check';
import { cleanPattern } from '../../../pipeline/domain/intake/text.ts';
import type { Schema } from './json-schema.ts';

export interface ArbitraryOptions {
  readonly resolve: (reference: string) => Schema;
  /** Values of named schemas, or of texts by their pattern, that the schema alone would make of no use. */
  readonly known: Readonly<Record<string, fc.Arbitrary<unknown>>>;
}

const most = (a: unknown, b: unknown) =>
  Math.max(Number(a ?? Number.NEGATIVE_INFINITY), Number(b ?? Number.NEGATIVE_INFINITY));
const least = (a: unknown, b: unknown) =>
  Math.min(Number(a ?? Number.POSITIVE_INFINITY), Number(b ?? Number.POSITIVE_INFINITY));

const inHundredths = (min: number, max: number) =>
  fc.integer({ min: Math.ceil(min * 100), max: Math.floor(max * 100) }).map((one) => one / 100);

const combinations = (groups: readonly (readonly Schema[])[]): readonly (readonly Schema[])[] =>
  groups.reduce<readonly (readonly Schema[])[]>(
    (all, group) => all.flatMap((before) => group.map((one) => [...before, one])),
    [[]],
  );

/** False where two cases want different values of one member. */
const possible = (node: Schema): boolean =>
  Object.values((node.properties ?? {}) as Record<string, Schema>).every(
    ({ enum: all }) => !Array.isArray(all) || all.length > 0,
  );

/** Values that fit a schema of the document. */
export function createArbitrary({ resolve, known }: ArbitraryOptions) {
  const nameOf = (reference: unknown) => String(reference).split('/').at(-1) ?? '';
  const plain = (node: Schema): Schema => (node.$ref === undefined ? node : resolve(node.$ref as string));

  /** Both schemas in one, where the second is a case of the first. */
  function merge(first: Schema, second: Schema): Schema {
    const base = fitting(plain(first), second);
    const over = plain(second);
    const merged: Record<string, unknown> = { ...base, ...over };
    for (const name of ['minimum', 'minLength', 'minItems']) {
      if (name in base && name in over) merged[name] = most(base[name], over[name]);
    }
    for (const name of ['maximum', 'maxLength', 'maxItems']) {
      if (name in base && name in over) merged[name] = least(base[name], over[name]);
    }
    if (Array.isArray(base.enum) && Array.isArray(over.enum)) {
      merged.enum = base.enum.filter((one) => (over.enum as unknown[]).includes(one));
    }
    const own = (base.properties ?? {}) as Record<string, Schema>;
    const cases = (over.properties ?? {}) as Record<string, Schema>;
    if (base.properties === undefined && over.properties === undefined) return merged;
    const properties = { ...own };
    for (const [name, one] of Object.entries(cases))
      properties[name] = name in own ? merge(own[name] as Schema, one) : one;
    const required = [...new Set([...((base.required ?? []) as string[]), ...((over.required ?? []) as string[])])];
    return { ...merged, properties, required, additionalProperties: base.additionalProperties };
  }

  const alternatives = (node: Schema): Schema[] =>
    Array.isArray(node.anyOf) && node.type === undefined
      ? (node.anyOf as Schema[]).flatMap((one) => alternatives(plain(one)))
      : [node];

  /** The alternative of `node` that can be like `other`. */
  function fitting(node: Schema, other: Schema): Schema {
    if (node.type !== undefined || !Array.isArray(node.anyOf)) return node;
    const wanted = [plain(other).type].flat();
    const found = alternatives(node).find((one) => [one.type].flat().some((type) => wanted.includes(type)));
    return found ?? node;
  }

  /** Patterns are read once: cases are chosen anew for each value. */
  const texts = new Map<string, fc.Arbitrary<string>>();
  function text(node: Schema): fc.Arbitrary<string> {
    const {
      minLength = 0,
      maxLength = 24,
      pattern,
    } = node as { minLength?: number; maxLength?: number; pattern?: string };
    const key = `${minLength} ${maxLength} ${pattern}`;
    const made = texts.get(key) ?? textOf(minLength, maxLength, pattern);
    texts.set(key, made);
    return made;
  }

  function textOf(minLength: number, maxLength: number, pattern: string | undefined): fc.Arbitrary<string> {
    const bounds = { minLength, maxLength: Math.min(maxLength, 24) };
    if (pattern === undefined) return fc.string(bounds);
    const given = known[pattern];
    if (given !== undefined) return given as fc.Arbitrary<string>;
    const fits = new RegExp(pattern, 'u');
    if (pattern === cleanPattern || pattern.includes('(?!')) {
      return fc.string({ ...bounds, unit: 'grapheme' }).filter((one) => fits.test(one) && [...one].length <= maxLength);
    }
    return fc.stringMatching(fits).filter((one) => one.length >= minLength && one.length <= maxLength);
  }

  function object(node: Schema): fc.Arbitrary<unknown> {
    const required = (node.required ?? []) as string[];
    const members = Object.entries((node.properties ?? {}) as Record<string, Schema>);
    const fixed = fc.record(Object.fromEntries(members.map(([name, one]) => [name, of(one)])), {
      requiredKeys: required,
    });
    if (typeof node.additionalProperties !== 'object' || members.length > 0) return fixed;
    const name = of((node.propertyNames ?? { type: 'string' }) as Schema) as fc.Arbitrary<string>;
    return fc.dictionary(name, of(node.additionalProperties as Schema), { maxKeys: 3, noNullPrototype: true });
  }

  function ofType(type: unknown, node: Schema): fc.Arbitrary<unknown> {
    const { minimum = -1e6, maximum = 1e6 } = node as { minimum?: number; maximum?: number };
    switch (type) {
      case 'null':
        return fc.constant(null);
      case 'boolean':
        return fc.boolean();
      case 'integer':
        return fc.integer({ min: Math.max(minimum, -1e9), max: Math.min(maximum, 1e9) });
      case 'number':
        return fc.oneof(
          fc.integer({ min: Math.ceil(minimum), max: Math.floor(maximum) }),
          inHundredths(minimum, maximum),
        );
      case 'string':
        return text(node);
      case 'array': {
        const { minItems: minLength = 0, maxItems = 3 } = node as { minItems?: number; maxItems?: number };
        return fc.array(of((node.items ?? {}) as Schema), {
          minLength,
          maxLength: Math.min(Math.max(minLength, 3), maxItems),
        });
      }
      case 'object':
        return object(node);
      default:
        throw new Error(`nothing is made of ${JSON.stringify(node)}`);
    }
  }

  /** Groups of cases that an object must be like, one of each. */
  function groupsOf(node: Schema): readonly (readonly Schema[])[] {
    const { anyOf, oneOf, allOf = [] } = node as Record<string, Schema[] | undefined>;
    const own = [anyOf, oneOf].filter((group) => group !== undefined);
    return [
      ...own,
      ...(allOf as Schema[]).flatMap((one) => groupsOf(one).concat(one.anyOf || one.oneOf ? [] : [[one]])),
    ];
  }

  /** Every way to be like one of each group that can be. */
  const chosen = new Map<Schema, readonly Schema[]>();

  const arbitraries = new Map<Schema, fc.Arbitrary<unknown>>();
  function of(node: Schema): fc.Arbitrary<unknown> {
    const made = arbitraries.get(node) ?? arbitraryOf(node);
    arbitraries.set(node, made);
    return made;
  }

  function arbitraryOf(node: Schema): fc.Arbitrary<unknown> {
    if (node.$ref !== undefined) return known[nameOf(node.$ref)] ?? of(plain(node));
    if ('const' in node) return fc.constant(node.const);
    if (Array.isArray(node.enum)) return fc.constantFrom(...node.enum);
    const groups = groupsOf(node);
    const { anyOf: _, oneOf: __, allOf: ___, ...rest } = node;
    if (groups.length === 0) return fc.oneof(...[node.type].flat().map((type) => ofType(type, node)));
    if (node.type === undefined) return fc.oneof(...(groups[0] ?? []).map(of));
    const made =
      chosen.get(node) ??
      combinations(groups)
        .map((cases) => cases.reduce<Schema>(merge, rest))
        .filter(possible);
    chosen.set(node, made);
    return fc.constantFrom(...made).chain(of);
  }
  return of;
}
