import fc from 'fast-check';
import type { AvroField, AvroJson, AvroObject } from '../../ops/schemas/avro-json.ts';

/** Named types are written out once and then referred to: a schema knows which are there already. */
interface Scope {
  readonly named: Set<string>;
  /** Apicurio 3.0.9 answers 500 to a map of the record itself, whatever it is asked: none is drawn. */
  readonly isInMap?: true;
}

type Shape =
  | { readonly kind: 'primitive'; readonly type: string }
  | { readonly kind: 'enum'; readonly name: number; readonly symbols: readonly string[]; readonly fallback: boolean }
  | { readonly kind: 'fixed'; readonly name: number; readonly size: number }
  | { readonly kind: 'array' | 'map'; readonly items: Shape }
  | { readonly kind: 'union'; readonly branches: readonly Shape[] }
  | { readonly kind: 'record'; readonly name: number; readonly fields: readonly FieldShape[] }
  | { readonly kind: 'itself' };

interface FieldShape {
  readonly name: string;
  readonly type: Shape;
  readonly fallback: boolean;
  readonly alias: string | undefined;
}

const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
const fieldNames = ['a', 'b', 'c', 'd'] as const;
const symbols = ['x', 'y', 'z'] as const;

const primitive = fc.constantFrom(...primitives).map((type): Shape => ({ kind: 'primitive', type }));
const anEnum = fc
  .record({ name: fc.nat(1), symbols: fc.subarray([...symbols], { minLength: 1 }), fallback: fc.boolean() })
  .map((shape): Shape => ({ kind: 'enum', ...shape }));
const aFixed = fc
  .record({ name: fc.nat(1), size: fc.constantFrom(4, 8) })
  .map((shape): Shape => ({ kind: 'fixed', ...shape }));

const { record: aRecord } = fc.letrec<{ type: Shape; record: Shape }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 2, depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: primitive },
    { weight: 2, arbitrary: anEnum },
    { weight: 1, arbitrary: aFixed },
    { weight: 1, arbitrary: fc.constant<Shape>({ kind: 'itself' }) },
    { weight: 1, arbitrary: tie('type').map((items): Shape => ({ kind: 'array', items })) },
    { weight: 1, arbitrary: tie('type').map((items): Shape => ({ kind: 'map', items })) },
    {
      weight: 3,
      arbitrary: fc
        .array(tie('type'), { minLength: 1, maxLength: 3 })
        .map((branches): Shape => ({ kind: 'union', branches })),
    },
    { weight: 2, arbitrary: tie('record') },
  ),
  record: fc
    .record({
      name: fc.nat(1),
      fields: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom(...fieldNames),
          type: tie('type'),
          fallback: fc.boolean(),
          alias: fc.option(fc.constantFrom(...fieldNames), { nil: undefined, freq: 6 }),
        }),
        { maxLength: 3, selector: ({ name }) => name },
      ),
    })
    .map((shape): Shape => ({ kind: 'record', ...shape })),
}));

/** What happens to a schema between two versions; `at` picks the place. */
type Mutation =
  | {
      readonly kind: 'fallback' | 'drop' | 'alias' | 'rename' | 'nullable' | 'plain' | 'symbols' | 'size';
      readonly at: number;
    }
  | { readonly kind: 'type'; readonly at: number; readonly type: Shape }
  | { readonly kind: 'add'; readonly at: number; readonly field: FieldShape };

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('fallback', 'drop', 'alias', 'rename', 'nullable', 'plain', 'symbols', 'size'),
    at: fc.nat(7),
  }),
  fc.record({ kind: fc.constant('type'), at: fc.nat(7), type: fc.oneof(primitive, anEnum, aFixed) }),
  fc.record({
    kind: fc.constant('add'),
    at: fc.nat(7),
    field: fc.record({
      name: fc.constantFrom(...fieldNames),
      type: fc.oneof(primitive, anEnum),
      fallback: fc.boolean(),
      alias: fc.constant(undefined),
    }),
  }),
);

/** Versions of one schema, oldest first, each made from the one before by a few mutations, or made anew now and then. */
export const schemaVersions = (count: number): fc.Arbitrary<string[]> =>
  fc
    .tuple(
      aRecord,
      fc.array(
        fc.tuple(fc.array(mutation, { minLength: 1, maxLength: 3 }), fc.option(aRecord, { nil: undefined, freq: 5 })),
        { minLength: count - 1, maxLength: count - 1 },
      ),
    )
    .map(([first, steps]) => {
      const shapes = [first];
      for (const [mutations, anew] of steps) {
        shapes.push(anew ?? mutations.reduce(mutated, shapes.at(-1) as Shape));
      }
      return shapes.map((shape) => JSON.stringify(rendered(shape)));
    });

/** Every field of a shape in the order it is written. */
function fieldCount(shape: Shape): number {
  if (shape.kind === 'record') return shape.fields.reduce((sum, { type }) => sum + 1 + fieldCount(type), 0);
  if (shape.kind === 'union') return shape.branches.reduce((sum, branch) => sum + fieldCount(branch), 0);
  return shape.kind === 'array' || shape.kind === 'map' ? fieldCount(shape.items) : 0;
}

function mutated(shape: Shape, change: Mutation): Shape {
  const count = fieldCount(shape);
  if (change.kind === 'add' || count === 0) return change.kind === 'add' ? withField(shape, change.field) : shape;
  let left = change.at % count;
  const visit = (one: Shape): Shape => {
    if (one.kind === 'array' || one.kind === 'map') return { ...one, items: visit(one.items) };
    if (one.kind === 'union') return { ...one, branches: one.branches.map(visit) };
    if (one.kind !== 'record') return one;
    const fields = one.fields.flatMap((field) => {
      if (left-- === 0) return changedField(field, change);
      return [{ ...field, type: visit(field.type) }];
    });
    const names = new Set<string>();
    return { ...one, fields: fields.filter(({ name }) => !names.has(name) && names.add(name)) };
  };
  return visit(shape);
}

const withField = (shape: Shape, field: FieldShape): Shape =>
  shape.kind === 'record' && !shape.fields.some(({ name }) => name === field.name)
    ? { ...shape, fields: [...shape.fields, field] }
    : shape;

const nextName = (name: string) => fieldNames[(fieldNames.indexOf(name as 'a') + 1) % fieldNames.length] as string;

function changedField(field: FieldShape, change: Mutation): FieldShape[] {
  const { type } = field;
  switch (change.kind) {
    case 'drop':
      return [];
    case 'fallback':
      return [{ ...field, fallback: !field.fallback }];
    case 'alias':
      return [{ ...field, name: nextName(field.name), alias: field.name }];
    case 'rename':
      return [{ ...field, name: nextName(field.name) }];
    case 'type':
      return [{ ...field, type: change.type }];
    case 'nullable':
      return [{ ...field, type: { kind: 'union', branches: [{ kind: 'primitive', type: 'null' }, type] } }];
    case 'plain':
      return [{ ...field, type: type.kind === 'union' ? (type.branches[0] as Shape) : type }];
    case 'symbols':
      return [{ ...field, type: type.kind === 'enum' ? { ...type, symbols: [...symbols] } : type }];
    default:
      return [{ ...field, type: type.kind === 'fixed' ? { ...type, size: 12 - type.size } : type }];
  }
}

/** A schema that parses: names are unique, unions hold what they may, aliases name no other field, defaults fit. */
function rendered(shape: Shape): AvroJson {
  const scope: Scope = { named: new Set() };
  const root = shape.kind === 'record' ? { ...shape, name: -1 } : shape;
  return render(root, scope);
}

function render(shape: Shape, scope: Scope): AvroJson {
  switch (shape.kind) {
    case 'primitive':
      return shape.type;
    case 'itself':
      return scope.isInMap ? 'string' : 'com.example.Root';
    case 'array':
      return { type: 'array', items: render(shape.items, scope) };
    case 'map':
      return { type: 'map', values: render(shape.items, { ...scope, isInMap: true }) };
    case 'union':
      return renderUnion(shape.branches, scope);
    default:
      return renderNamed(shape, scope);
  }
}

/** A branch of each kind at most, and no union in a union. */
function renderUnion(branches: readonly Shape[], scope: Scope): AvroJson {
  const kinds = new Set<string>();
  const flat = branches.flatMap((branch) => (branch.kind === 'union' ? branch.branches : [branch]));
  const kept = flat.filter((branch) => {
    const kind = branch.kind === 'primitive' ? branch.type : 'name' in branch ? nameOf(branch) : branch.kind;
    if (branch.kind === 'union' || kinds.has(kind)) return false;
    kinds.add(kind);
    return true;
  });
  return kept.map((branch) => render(branch, scope));
}

type Named = Extract<Shape, { readonly name: number }>;
const nameOf = ({ kind, name }: Named) =>
  name < 0 ? 'Root' : `${kind.charAt(0).toUpperCase()}${kind.slice(1)}${name}`;

function renderNamed(shape: Named, scope: Scope): AvroJson {
  const name = nameOf(shape);
  if (scope.named.has(name)) return `com.example.${name}`;
  scope.named.add(name);
  const head = { name, namespace: 'com.example' };
  if (shape.kind === 'fixed') return { type: 'fixed', ...head, size: shape.size };
  if (shape.kind === 'enum') {
    return { type: 'enum', ...head, symbols: shape.symbols, ...(shape.fallback && { default: shape.symbols[0] }) };
  }
  const taken = new Set(shape.fields.map(({ name: own }) => own));
  const fields = shape.fields.map((field): AvroField => {
    const type = render(field.type, scope);
    const fallback = field.fallback ? defaultOf(type, field.type) : undefined;
    const aliases = field.alias !== undefined && !taken.has(field.alias) ? [field.alias] : [];
    for (const alias of aliases) taken.add(alias);
    return {
      name: field.name,
      type,
      ...(fallback === undefined ? {} : { default: fallback }),
      ...(aliases.length > 0 && { aliases }),
    };
  });
  return { type: 'record', ...head, fields };
}

/** Undefined where none is easily told. */
function defaultOf(type: AvroJson, shape: Shape): unknown {
  if (Array.isArray(type)) {
    const first = shape.kind === 'union' ? shape.branches[0] : undefined;
    return first === undefined || first.kind === 'union' ? undefined : defaultOf(type[0] as AvroJson, first);
  }
  if (typeof type === 'object') {
    const { type: kind, symbols: all } = type as AvroObject;
    if (kind === 'enum') return all?.[0];
    return kind === 'array' ? [] : kind === 'map' ? {} : undefined;
  }
  const plain: Readonly<Record<string, unknown>> = {
    null: null,
    boolean: true,
    int: 1,
    long: 1,
    float: 1.5,
    double: 1.5,
    string: 'text',
    bytes: 'bytes',
  };
  return plain[type as string];
}
