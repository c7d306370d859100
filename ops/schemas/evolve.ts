import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { subjectOf } from '../../schemas/topic.ts';
import { type AvroField, type AvroJson, type AvroObject, compactText, isUnion, objectOf } from './avro-json.ts';
import { parseFieldText } from './field-text.ts';
import { eventName, type SchemaSource } from './schema-files.ts';

/** Changes to one event, in the order in which they are made. */
export interface Evolution {
  /** As `parseFieldText` reads them, each with what it means. */
  readonly add: readonly { readonly text: string; readonly doc: string }[];
  readonly rename: readonly { readonly from: string; readonly to: string }[];
  readonly remove: readonly string[];
  /** Of the enum that the field at `path` holds. */
  readonly addSymbol: readonly { readonly path: string; readonly symbol: string }[];
}

/** The event that a subject, a topic, a file or an event's name means. Throws FreshetError `event_unknown`. */
export function eventNamed(name: string, sources: readonly SchemaSource[]): SchemaSource {
  const found = sources.find((source) => {
    const { file, topics } = source;
    const event = eventName(source);
    const names = [file, event, `${event}.avsc`, ...topics.flatMap((one) => [one.name, subjectOf(one)])];
    return names.includes(name);
  });
  if (found !== undefined) return found;
  const known = sources.map(eventName).join(', ');
  throw new FreshetError(
    'event_unknown',
    `there is no event ${name}; there are ${known}, and the subjects they are under`,
  );
}

/** The schema's text with the changes made; whether it fits its history is for `checkSchemas` to say. */
export function evolved(json: string, { add, rename, remove, addSymbol }: Evolution): string {
  if (add.length + rename.length + remove.length + addSymbol.length === 0) {
    refuse(
      'there is nothing to change: give --add, --rename, --remove or --add-symbol; what was edited by hand needs only `freshet schemas record`',
    );
  }
  const schema = JSON.parse(compactText(json)) as AvroObject;
  for (const { text, doc } of add) addField(schema, text, doc);
  for (const { from, to } of rename) renameField(schema, from, to);
  for (const path of remove) removeField(schema, path);
  for (const { path, symbol } of addSymbol) addSymbolTo(schema, path, symbol);
  return `${JSON.stringify(schema, null, 2)}\n`;
}

const refuse = (message: string): never => {
  throw new FreshetError('field_invalid', message);
};

function addField(schema: AvroObject, text: string, doc: string): void {
  const { path, field } = parseFieldText(text, doc);
  const fields = fieldsAt(schema, path);
  if (fields.some(({ name }) => name === field.name)) refuse(`${text}: there is a field ${field.name} already`);
  fields.push(field);
}

/** The old name becomes an alias, so that what is stored under it is read. */
function renameField(schema: AvroObject, from: string, to: string): void {
  const { fields, at } = placeOf(schema, from);
  if (to.includes('.')) refuse(`${from}:${to}: a field stays in its record; write only the new name after the colon`);
  if (fields.some(({ name }) => name === to)) refuse(`${from}:${to}: there is a field ${to} already`);
  const { name, type, ...rest } = fields[at] as AvroField;
  const aliases = [...(rest.aliases ?? []), name].filter((alias) => alias !== to);
  fields[at] = { name: to, type, ...rest, aliases };
}

function removeField(schema: AvroObject, path: string): void {
  const { fields, at } = placeOf(schema, path);
  fields.splice(at, 1);
}

function addSymbolTo(schema: AvroObject, path: string, symbol: string): void {
  const { fields, at } = placeOf(schema, path);
  const held = heldBy((fields[at] as AvroField).type);
  if (held?.type !== 'enum') {
    refuse(`${path}: its enum is not defined here; name the field where the enum's symbols are written`);
    return;
  }
  const symbols = held.symbols as string[];
  if (symbols.includes(symbol)) refuse(`${path}: ${symbol} is among its symbols already`);
  symbols.push(symbol);
}

function placeOf(schema: AvroObject, path: string): { readonly fields: AvroField[]; readonly at: number } {
  const names = path.split('.');
  const name = names.pop();
  const fields = fieldsAt(schema, names);
  const at = fields.findIndex((field) => field.name === name);
  if (at < 0) refuse(noSuchField(path, fields));
  return { fields, at };
}

const noSuchField = (path: string, fields: readonly AvroField[]) =>
  `${path || '(empty)'}: there is no such field; there are ${fields.map(({ name }) => name).join(', ')}`;

/** The fields of the record at a path, through null, lists and maps; they are the schema's own and may be changed. */
function fieldsAt(schema: AvroObject, path: readonly string[]): AvroField[] {
  let record: AvroObject | undefined = schema;
  for (const name of path) {
    const fields: readonly AvroField[] = record?.fields ?? [];
    const field: AvroField | undefined = fields.find((one) => one.name === name);
    if (field === undefined) refuse(noSuchField(name, fields));
    record = field && heldBy(field.type);
    if (record?.fields === undefined) {
      refuse(
        `${path.join('.')}: ${name} holds no record that is defined here; a type that is used twice is changed under the field where it is defined first`,
      );
    }
  }
  return record?.fields as AvroField[];
}

function heldBy(type: AvroJson): AvroObject | undefined {
  if (isUnion(type)) return type.map(heldBy).find((one) => one !== undefined && one.type !== 'null');
  const object = objectOf(type);
  const inside = object.items ?? object.values;
  return inside === undefined ? object : heldBy(inside);
}
