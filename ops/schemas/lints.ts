import { camel } from '../../schemas/generated/avro-names.ts';
import { type AvroFieldType, type AvroType, fieldPath, itemsPath, parseAvroType, shortName } from './avro-type.ts';

/** One broken rule at one place of a schema: what comes of it, and what to do. */
export interface Lint {
  readonly path: string;
  readonly rule: string;
  readonly consequence: string;
  readonly remedy: string;
}

type Report = (rule: string, consequence: string, remedy: string) => void;

/** Everything in one schema that the rules forbid, in the order of its fields. */
export function lintSchema(json: string): Lint[] {
  const found: Lint[] = [];
  lintType(parseAvroType(json), '', { found, seen: new Set(), types: new Map() });
  return found;
}

interface Walk {
  readonly found: Lint[];
  readonly seen: Set<AvroType>;
  /** Types by the names they have in TypeScript. */
  readonly types: Map<string, AvroType>;
}

const reportAt =
  (path: string, { found }: Walk): Report =>
  (rule, consequence, remedy) =>
    void found.push({ path: path || '(record)', rule, consequence, remedy });

function lintType(type: AvroType, path: string, walk: Walk): void {
  if (type.name !== '' && walk.seen.has(type)) return;
  walk.seen.add(type);
  const report = reportAt(path, walk);
  if (type.kind === 'union') lintUnion(type, report);
  lintLogicalType(type, report);
  if (type.name !== '') lintNamed(type, report, walk);
  if (type.kind === 'enum') lintEnum(type, report);
  for (const branch of type.branches) lintType(branch, path, walk);
  lintFields(type, path, walk);
  if (type.items) lintType(type.items, itemsPath(path, type), walk);
}

/** What generated types use themselves. */
const usedNames: ReadonlySet<string> = new Set(['Buffer', 'Readonly', 'Record']);

function lintNamed(type: AvroType, report: Report, { types }: Walk): void {
  const { name, doc } = type;
  const short = shortName(name);
  const other = types.get(short);
  if (other !== undefined || usedNames.has(short)) {
    const taken = other?.name ?? 'what generated types use';
    report('type-name', `type ${name} is called ${short} in TypeScript, like ${taken}`, 'give it another name');
  }
  types.set(short, type);
  if (!/^[A-Z][A-Za-z0-9]*$/.test(short)) {
    report('type-name', `type ${short} is not PascalCase, and TypeScript's name is made from it`, 'rename it');
  }
  if (!doc.trim()) report('doc', `type ${short} does not say what it means`, 'give it a "doc"');
}

function lintUnion({ branches }: AvroType, report: Report): void {
  if (branches.length !== 2 || branches[0]?.kind !== 'null') {
    const consequence = 'a union other than ["null", T] has no plain TypeScript type and cannot change compatibly';
    report('nullable-union', consequence, 'make it ["null", T], or one nullable field a type');
  }
}

function lintFields(type: AvroType, path: string, walk: Walk): void {
  const names = new Map<string, string>();
  for (const field of type.fields) {
    const at = fieldPath(path, field.name);
    const report = reportAt(at, walk);
    lintField(field, report);
    const other = names.get(camel(field.name));
    if (other !== undefined) {
      report('field-name', `is called ${camel(field.name)} in TypeScript, like \`${other}\``, 'rename one of them');
    }
    names.set(camel(field.name), field.name);
    for (const alias of field.aliases.filter((one) => type.fields.some(({ name }) => name === one))) {
      const whose = alias === field.name ? 'its own name' : 'another field of the record';
      report('alias', `its alias ${alias} is ${whose}`, 'take the alias away');
    }
    lintType(field.type, at, walk);
  }
}

const isSnakeCase = (name: string) => /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name);

function lintField(field: AvroFieldType, report: Report): void {
  if (!isSnakeCase(field.name)) report('field-name', 'is not snake_case', namedSnake(field.name));
  if (camel(field.name) in Object.prototype) {
    const consequence = `is called ${camel(field.name)} in TypeScript, which every JavaScript object has already`;
    report('field-name', consequence, 'give it another name');
  }
  if (!field.doc.trim()) report('doc', 'does not say what it means', 'give it a "doc", with the unit of a number');
  if (field.type.kind === 'union' && field.default !== null) {
    const consequence = 'a nullable field without default null can never be removed: older readers would miss it';
    report('null-default', consequence, 'add "default": null');
  }
  if (typeof field.default === 'object' && field.default !== null && Object.keys(field.default).length > 0) {
    const consequence = 'a default other than a plain value, [] or {} is not renamed to camelCase for TypeScript';
    report('plain-default', consequence, 'make the field nullable with default null');
  }
  if (typeof field.default === 'string' && field.type.kind === 'bytes' && /[^\0-\xff]/.test(field.default)) {
    const consequence = 'a default of bytes holds a character above U+00FF, and each stands for one byte';
    report('bytes-default', consequence, 'write each byte as a character from U+0000 to U+00FF');
  }
  lintNumber(field, report);
}

const snake = (name: string) =>
  name
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_|_$/g, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();

function namedSnake(name: string): string {
  const better = snake(name);
  return isSnakeCase(better) && better.length > 1 ? `call it ${better}` : 'use a to z, digits and _, a letter first';
}

/** The plain type a field holds, null aside. */
function heldType({ type }: AvroFieldType): AvroType | undefined {
  return type.kind === 'union' ? type.branches.find(({ kind }) => kind !== 'null') : type;
}

const units: readonly { readonly suffix: RegExp; readonly unit: RegExp }[] = [
  { suffix: /_ms$/, unit: /millisecond/i },
  { suffix: /_(sec|seconds)$/, unit: /second/i },
  { suffix: /_bytes$/, unit: /byte/i },
];

function lintNumber(field: AvroFieldType, report: Report): void {
  const type = heldType(field);
  if (type?.kind === 'long' && type.logicalType === undefined && /(^|_)(id|offset)$/.test(field.name)) {
    report('id-as-string', 'a 64-bit id loses digits in JavaScript and JSON', 'make it a string');
  }
  if (/_at$/.test(field.name) && !type?.logicalType?.startsWith('timestamp-')) {
    const remedy = 'make it {"type": "long", "logicalType": "timestamp-millis"}';
    report('instant', 'an instant needs a timestamp type, or readers must guess its unit', remedy);
  }
  const unit =
    type?.logicalType === 'timestamp-millis'
      ? /millisecond/i
      : type?.logicalType === 'timestamp-micros'
        ? /microsecond/i
        : undefined;
  const wanted = unit ?? units.find(({ suffix }) => suffix.test(field.name))?.unit;
  if (wanted !== undefined && field.doc !== '' && !wanted.test(field.doc)) {
    report('unit', 'its doc does not name the unit', `say ${wanted.source}s in its doc`);
  }
}

function lintEnum(type: AvroType, report: Report): void {
  if (type.enumDefault === undefined) {
    const consequence = 'no symbol can ever be added: older readers would refuse the record';
    report('enum-default', consequence, `add "default" with the symbol that unknown ones are read as`);
  }
  for (const symbol of type.symbols) {
    if (!isSnakeCase(symbol)) report('symbol-name', `symbol ${symbol} is not snake_case`, namedSnake(symbol));
  }
}

function lintLogicalType({ kind, logicalType, precision }: AvroType, report: Report): void {
  if (logicalType === undefined) return;
  if (logicalType === 'decimal') {
    if (precision === undefined) {
      report('decimal-precision', 'a decimal without precision has no defined value', 'add "precision" and "scale"');
    }
  } else if (logicalType !== 'timestamp-millis' && logicalType !== 'timestamp-micros') {
    const remedy = kind === 'long' || kind === 'int' ? 'use timestamp-millis or timestamp-micros' : 'leave it out';
    report('logical-type', `${logicalType} is not supported everywhere`, `${remedy}; the doc says what the value is`);
  } else if (kind !== 'long') report('logical-type', `${logicalType} is on ${kind}`, 'put it on long');
}
