import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { AvroField, AvroJson } from './avro-json.ts';

/** A field as `--add` names it: where it goes, and what it is. */
export interface FieldText {
  /** Path of the record it is added to; empty for the event itself. */
  readonly path: readonly string[];
  readonly field: AvroField;
}

const grammar =
  'write path:type or path:type=default, where type is string, int, long, double, boolean, bytes, timestamp-millis or timestamp-micros, ' +
  'with ? for nullable, [] for a list, {} for a map, ! for required in a new event: channel:string?, rank:int=0, tags:string[]';

const plainTypes = ['string', 'int', 'long', 'double', 'boolean', 'bytes'];
const fieldPattern = /^([a-z0-9_.]+):([a-z-]+)([?!]|\[\]|\{\})?(?:=(.*))?$/s;

/** Throws FreshetError `field_invalid` that says what is wrong and how a field is written. */
export function parseFieldText(text: string, doc: string): FieldText {
  const refuse = (why: string): never => {
    throw new FreshetError('field_invalid', `${text || '(empty)'}: ${why}; ${grammar}`);
  };
  const match = fieldPattern.exec(text) ?? refuse('is no field');
  const [, names, typeName, shape = '', defaultText] = match as unknown as [string, string, string, string?, string?];
  const path = names.split('.');
  const name = path.pop() as string;
  const plain = typeOf(typeName) ?? refuse(`there is no type ${typeName}`);
  if (shape === '!') return { path, field: { name, type: plain, doc } };
  if (shape !== '') {
    if (defaultText !== undefined) refuse(`what is ${shapes[shape]?.words} has its default already`);
    const { type, fallback } = shapes[shape] as Shape;
    return { path, field: { name, type: type(plain), doc, default: fallback } };
  }
  if (defaultText === undefined) {
    refuse('has no default, which older records would be read with; for "unknown" make it nullable');
  }
  const value = defaultOf(typeName, defaultText as string);
  if (value === undefined) refuse(`${defaultText} is no ${typeName}`);
  return { path, field: { name, type: plain, doc, default: value } };
}

interface Shape {
  readonly words: string;
  readonly fallback: unknown;
  type(plain: AvroJson): AvroJson;
}

const shapes: Readonly<Record<string, Shape>> = {
  '?': { words: 'nullable', fallback: null, type: (plain) => ['null', plain] },
  '[]': { words: 'a list', fallback: [], type: (items) => ({ type: 'array', items }) },
  '{}': { words: 'a map', fallback: {}, type: (values) => ({ type: 'map', values }) },
};

function typeOf(name: string): AvroJson | undefined {
  if (name === 'timestamp-millis' || name === 'timestamp-micros') return { type: 'long', logicalType: name };
  return plainTypes.includes(name) ? name : undefined;
}

/** Undefined where the text is no value of the type. */
function defaultOf(type: string, text: string): string | number | boolean | undefined {
  if (type === 'string' || type === 'bytes') return text;
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) return undefined;
  if (type === 'double') return value;
  const isWhole = type === 'int' ? value === (value | 0) : Number.isSafeInteger(value);
  return isWhole ? value : undefined;
}
