import { isDeepStrictEqual } from 'node:util';
import { type AvroFieldType, type AvroType, fieldPath, itemsPath, parseAvroType, typeWords } from './avro-type.ts';

/** One difference between two versions, in plain words. */
export interface SchemaChange {
  /** Field path in the newer version's names; `(record)` for the record itself. */
  readonly path: string;
  readonly change:
    | 'added'
    | 'removed'
    | 'renamed'
    | 'changed'
    | 'reordered'
    | 'symbol_added'
    | 'symbol_removed'
    | 'documented';
  readonly words: string;
}

interface Walk {
  readonly found: SchemaChange[];
  readonly seen: Set<AvroType>;
}

/** What changed between two versions, in the order of the newer one's fields; nothing where they are one text. */
export function schemaChanges(json: string, previousJson: string): SchemaChange[] {
  const walk: Walk = { found: [], seen: new Set() };
  compareTypes(parseAvroType(json), parseAvroType(previousJson), '', walk);
  if (walk.found.length === 0 && json !== previousJson) {
    walk.found.push({ path: '(record)', change: 'changed', words: 'only what no reader looks at' });
  }
  return walk.found;
}

/** Type, branches and what lies below of one place. */
function compareTypes(now: AvroType, before: AvroType, path: string, walk: Walk): void {
  const add = (change: SchemaChange['change'], words: string) =>
    walk.found.push({ path: path || '(record)', change, words });
  const [inside, insideBefore] = [heldBy(now), heldBy(before)];
  if (typeWords(now) !== typeWords(before)) add('changed', `type ${typeWords(before)} → ${typeWords(now)}`);
  else if (inside?.name !== insideBefore?.name) add('changed', `type ${insideBefore?.name} is now ${inside?.name}`);
  if (inside === undefined || insideBefore === undefined || inside.kind !== insideBefore.kind) return;
  if (walk.seen.has(inside)) return; // a type that is used twice, or holds itself, is told of once
  if (inside.name !== '') walk.seen.add(inside);
  if (inside.doc !== insideBefore.doc) add('documented', 'other doc');
  compareDetails(inside, insideBefore, add);
  compareFields(inside, insideBefore, path, walk);
  if (inside.items && insideBefore.items) {
    compareTypes(inside.items, insideBefore.items, itemsPath(path, inside), walk);
  }
}

/** The type itself, or the one that a nullable one holds. */
function heldBy(type: AvroType): AvroType | undefined {
  if (type.kind !== 'union') return type;
  const held = type.branches.filter(({ kind }) => kind !== 'null');
  return held.length === 1 ? held[0] : undefined;
}

function compareDetails(now: AvroType, before: AvroType, add: (change: SchemaChange['change'], words: string) => void) {
  const come = now.symbols.filter((symbol) => !before.symbols.includes(symbol));
  const gone = before.symbols.filter((symbol) => !now.symbols.includes(symbol));
  const unknownAs = before.enumDefault === undefined ? 'refuse records with it' : `read it as ${before.enumDefault}`;
  if (isReordered(now.symbols, before.symbols)) add('reordered', 'its symbols; readers go by their names');
  for (const symbol of come) add('symbol_added', `${symbol}; readers of the version before ${unknownAs}`);
  for (const symbol of gone) add('symbol_removed', `${symbol}; stored ones read as ${now.enumDefault ?? 'an error'}`);
  if (now.enumDefault !== before.enumDefault) {
    add(
      'changed',
      `unknown symbols read as ${now.enumDefault ?? 'an error'}, not as ${before.enumDefault ?? 'an error'}`,
    );
  }
  if (!isDeepStrictEqual(now.aliases, before.aliases)) add('changed', aliasWords(now, before));
  if (now.size !== before.size) add('changed', `${before.size} → ${now.size} bytes`);
  if (now.precision !== before.precision || now.scale !== before.scale) {
    add('changed', `decimal(${before.precision}, ${before.scale ?? 0}) → decimal(${now.precision}, ${now.scale ?? 0})`);
  }
}

function compareFields(now: AvroType, before: AvroType, path: string, walk: Walk): void {
  const at = (name: string) => fieldPath(path, name);
  const matched = new Set<AvroFieldType>();
  const namesOf = ({ fields }: AvroType) => fields.map(({ name }) => name);
  if (isReordered(namesOf(now), namesOf(before))) {
    walk.found.push({ path: path || '(record)', change: 'reordered', words: 'its fields; readers go by their names' });
  }
  for (const field of now.fields) {
    const old =
      before.fields.find(({ name }) => name === field.name) ??
      before.fields.find(({ name }) => field.aliases.includes(name));
    if (old === undefined) {
      const reads = field.hasDefault ? `older records read ${JSON.stringify(field.default)}` : 'it has no default';
      walk.found.push({ path: at(field.name), change: 'added', words: `${typeWords(field.type)}; ${reads}` });
      continue;
    }
    matched.add(old);
    compareField(field, old, at(field.name), walk);
    compareTypes(field.type, old.type, at(field.name), walk);
  }
  for (const { name, type, hasDefault } of before.fields.filter((field) => !matched.has(field))) {
    const reads = hasDefault
      ? 'readers of the version before use its default'
      : 'readers of the version before need it';
    walk.found.push({ path: at(name), change: 'removed', words: `${typeWords(type)}; ${reads}` });
  }
}

/** Whether those that both have are in another order. */
function isReordered(now: readonly string[], before: readonly string[]): boolean {
  const kept = before.filter((name) => now.includes(name));
  return !isDeepStrictEqual(
    now.filter((name) => before.includes(name)),
    kept,
  );
}

type Aliased = Pick<AvroFieldType, 'aliases'>;

const aliasWords = (now: Aliased, before: Aliased): string =>
  `aliases ${before.aliases.join(', ') || 'none'} → ${now.aliases.join(', ') || 'none'}: the names that older records may have for it`;

function compareField(field: AvroFieldType, old: AvroFieldType, path: string, walk: Walk): void {
  const add = (change: SchemaChange['change'], words: string) => walk.found.push({ path, change, words });
  if (field.name !== old.name) add('renamed', `was \`${old.name}\``);
  else if (!isDeepStrictEqual(field.aliases, old.aliases)) add('changed', aliasWords(field, old));
  if (field.hasDefault !== old.hasDefault || !isDeepStrictEqual(field.default, old.default)) {
    const text = (one: AvroFieldType) => (one.hasDefault ? JSON.stringify(one.default) : 'none');
    add('changed', `default ${text(old)} → ${text(field)}: it is what records without the field read as`);
  }
  if (field.doc !== old.doc) add('documented', 'other doc');
}
