import { camel } from '../../schemas/generated/avro-names.ts';
import { type AvroField, type AvroJson, type AvroObject, isUnion, objectOf } from './avro-json.ts';

/** One broken rule at one place of a schema. */
export interface Lint {
  readonly path: string;
  readonly rule: string;
  readonly consequence: string;
}

type Report = (path: string, rule: string, consequence: string) => void;

/** Everything in one schema that the rules forbid, in the order of its fields. */
export function lintSchema(json: string): Lint[] {
  const found: Lint[] = [];
  const report: Report = (path, rule, consequence) => found.push({ path: path || '(record)', rule, consequence });
  lintType(JSON.parse(json) as AvroJson, '', report);
  return found;
}

function lintType(schema: AvroJson, path: string, report: Report): void {
  if (isUnion(schema)) {
    lintUnion(schema, path, report);
    return;
  }
  const type = objectOf(schema);
  lintLogicalType(type, path, report);
  if (type.name !== undefined && !/^[A-Z][A-Za-z0-9]*$/.test(type.name)) {
    report(path, 'type-name', `type ${type.name} is not PascalCase, and TypeScript's name is made from it`);
  }
  if (type.name !== undefined && !type.doc?.trim()) report(path, 'doc', `type ${type.name} does not say what it means`);
  if (type.type === 'record') lintRecord(type, path, report);
  if (type.type === 'enum') lintEnum(type, path, report);
  if (type.items !== undefined) lintType(type.items, `${path}[]`, report);
  if (type.values !== undefined) lintType(type.values, `${path}{}`, report);
}

function lintUnion(branches: readonly AvroJson[], path: string, report: Report): void {
  if (branches.length !== 2 || branches[0] !== 'null') {
    report(
      path,
      'nullable-union',
      'a union other than ["null", T] has no plain TypeScript type and cannot change compatibly',
    );
  }
  for (const branch of branches) if (branch !== 'null') lintType(branch, path, report);
}

function lintRecord(type: AvroObject, path: string, report: Report): void {
  const names = new Map<string, string>();
  for (const field of type.fields ?? []) {
    const at = path === '' ? field.name : `${path}.${field.name}`;
    lintField(field, at, report);
    const other = names.get(camel(field.name));
    if (other !== undefined)
      report(at, 'field-name', `is called ${camel(field.name)} in TypeScript, like \`${other}\``);
    names.set(camel(field.name), field.name);
    lintType(field.type, at, report);
  }
}

function lintField(field: AvroField, path: string, report: Report): void {
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(field.name)) report(path, 'field-name', 'is not snake_case');
  if (!field.doc?.trim()) report(path, 'doc', 'does not say what it means');
  if (isUnion(field.type) && field.default !== null) {
    report(
      path,
      'null-default',
      'a nullable field without default null can never be removed: older readers would miss it',
    );
  }
  if (typeof field.default === 'object' && field.default !== null && Object.keys(field.default).length > 0) {
    report(
      path,
      'plain-default',
      'a default other than a plain value, [] or {} is not renamed to camelCase for TypeScript',
    );
  }
  lintNumber(field, path, report);
}

/** The plain type a field holds, null aside. */
function heldType(field: AvroField): AvroObject | undefined {
  const held = isUnion(field.type) ? field.type.find((branch) => branch !== 'null') : field.type;
  return held === undefined || isUnion(held) ? undefined : objectOf(held);
}

const units: readonly { readonly suffix: RegExp; readonly unit: RegExp }[] = [
  { suffix: /_ms$/, unit: /millisecond/i },
  { suffix: /_(sec|seconds)$/, unit: /second/i },
  { suffix: /_bytes$/, unit: /byte/i },
];

function lintNumber(field: AvroField, path: string, report: Report): void {
  const type = heldType(field);
  if (type?.type === 'long' && type.logicalType === undefined && /(^|_)(id|offset)$/.test(field.name)) {
    report(path, 'id-as-string', 'a 64-bit id loses digits in JavaScript and JSON: make it a string');
  }
  if (/_at$/.test(field.name) && !type?.logicalType?.startsWith('timestamp-')) {
    report(path, 'instant', 'an instant needs a timestamp type, or readers must guess its unit');
  }
  const unit =
    type?.logicalType === 'timestamp-millis'
      ? /millisecond/i
      : type?.logicalType === 'timestamp-micros'
        ? /microsecond/i
        : undefined;
  const wanted = unit ?? units.find(({ suffix }) => suffix.test(field.name))?.unit;
  if (wanted !== undefined && field.doc !== undefined && !wanted.test(field.doc)) {
    report(path, 'unit', `its doc does not name the unit (${wanted.source}s)`);
  }
}

function lintEnum(type: AvroObject, path: string, report: Report): void {
  if (type.default === undefined)
    report(path, 'enum-default', 'no symbol can ever be added: older readers would refuse the record');
  for (const symbol of type.symbols ?? []) {
    if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(symbol))
      report(path, 'symbol-name', `symbol ${symbol} is not snake_case`);
  }
}

function lintLogicalType({ type, logicalType, precision }: AvroObject, path: string, report: Report): void {
  if (logicalType === undefined) return;
  if (logicalType === 'decimal') {
    if (!precision) report(path, 'decimal-precision', 'bytes as decimal without precision have no defined value');
  } else if (logicalType !== 'timestamp-millis' && logicalType !== 'timestamp-micros') {
    report(
      path,
      'logical-type',
      `${logicalType} is not supported everywhere; use timestamp-millis or timestamp-micros`,
    );
  } else if (type !== 'long') report(path, 'logical-type', `${logicalType} belongs on long, not on ${String(type)}`);
}
