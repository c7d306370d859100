import avsc from 'avsc';
import { camelCased, type Json, withoutDefaults } from './avro-names.ts';
import { Tap } from './avro-tap.ts';
import { undeclaredCheck } from './avro-undeclared.ts';

/** One record schema: its text for the registry, and functions compiled from it. Safe to share. */
export interface AvroSchema<V> {
  /** Full record name. */
  readonly name: string;
  /** The schema as the registry gets it, field names in snake_case. */
  readonly json: string;
  /**
   * Encodes without framing into `target` at `position`; returns the end, or minus the missing bytes where it did
   * not fit. Throws where the value does not fit the schema, but for undeclared fields, which it leaves out.
   */
  encodeInto(value: V, target: Buffer, position: number): number;
  /** The path of the first field that the schema does not declare, else undefined. Cheap. */
  undeclaredPath(value: unknown): string | undefined;
  /** The path of the first field that does not fit the schema (undeclared fields included), else undefined. */
  invalidPath(value: unknown): string | undefined;
  /**
   * A function that decodes bodies written with `writerJson` (from `position` on) as this schema's type.
   * Throws where the two are incompatible; the function throws where bytes are broken or left over.
   */
  readerFor(writerJson: string): (bytes: Buffer, position: number) => V;
}

/** avsc's positional and reading interfaces, which its type declarations leave out (5.7). */
interface Readable {
  _read(tap: Tap): unknown;
}
interface Skippable {
  _skip(tap: Tap): void;
}
interface PositionalType extends Readable {
  encode(value: unknown, target: Buffer, position: number): number;
}

/** avsc's arrays trust the count they read: broken bytes could reserve gigabytes, or loop while skipping. */
class BoundedArrayType extends avsc.types.ArrayType {
  _read(tap: Tap): unknown[] {
    const items = this.itemsType as unknown as Readable;
    let values: unknown[] | undefined;
    let at = 0;
    for (let count = tap.readBlockCount(); count > 0; count = tap.readBlockCount()) {
      values ??= new Array(count);
      for (; count > 0; count -= 1) values[at++] = items._read(tap);
    }
    return values ?? [];
  }

  _skip(tap: Tap): void {
    const items = this.itemsType as unknown as Skippable;
    for (let count = tap.readBlockCount(); count > 0; count = tap.readBlockCount()) {
      for (; count > 0; count -= 1) items._skip(tap);
    }
  }
}

/** avsc's maps lose a key named `__proto__`, and properties are named by clients. */
class BoundedMapType extends avsc.types.MapType {
  _read(tap: Tap): Record<string, unknown> {
    const values = this.valuesType as Readable;
    const entries: Record<string, unknown> = {};
    for (let count = tap.readBlockCount(); count > 0; count = tap.readBlockCount()) {
      for (; count > 0; count -= 1) {
        const key = tap.readString();
        if (key === '__proto__') Object.defineProperty(entries, key, { ...ownProperty, value: values._read(tap) });
        else entries[key] = values._read(tap);
      }
    }
    return entries;
  }

  _skip(tap: Tap): void {
    for (let count = tap.readBlockCount(); count > 0; count = tap.readBlockCount()) {
      for (; count > 0; count -= 1) {
        tap.skipString();
        (this.valuesType as Skippable)._skip(tap);
      }
    }
  }
}

const ownProperty = { configurable: true, enumerable: true, writable: true };

type ForSchemaOptions = NonNullable<Parameters<typeof avsc.Type.forSchema>[1]>;

/** The options object is made anew each time: avsc writes the named types into it. */
function parse(schema: Json, wrapUnions: 'never' | 'always' | 'auto'): avsc.Type {
  const options: ForSchemaOptions = {
    wrapUnions,
    omitRecordMethods: true,
    typeHook(part, shared) {
      const { type } = part as { type?: unknown };
      if (type === 'array') return new BoundedArrayType(part, shared);
      return type === 'map' ? new BoundedMapType(part, shared) : undefined;
    },
  };
  return avsc.Type.forSchema(schema as avsc.Schema, options);
}

function firstInvalid(type: avsc.Type, value: unknown): string | undefined {
  let found: string | undefined;
  const errorHook = (path: string[]) => {
    found ??= path.join('.') || '(record)';
  };
  type.isValid(value, { errorHook });
  return found;
}

/** What a writer's schema makes of bytes, whatever today's schemas are. */
export interface WrittenSchema {
  /** Full name of its type; empty where it has none. */
  readonly name: string;
  /** Decodes a body from `position` on, field names as they are in the schema; throws where bytes are broken or left over. */
  read(bytes: Buffer, position: number): unknown;
}

/** For people who look at a value; defaults play no part in it. Throws where the text is no Avro schema. */
export function writtenSchema(json: string): WrittenSchema {
  const type = parse(withoutDefaults(JSON.parse(json) as Json), 'auto');
  return {
    name: type.name ?? '',
    read(bytes, position) {
      const tap = new Tap(bytes, position);
      const value = (type as unknown as Readable)._read(tap);
      if (tap.pos !== bytes.length) throw new Error('bytes are left over');
      return value;
    },
  };
}

/** Compiles a schema text; done once a generated module. Throws where the text is not an Avro record. */
export function avroSchema<V>(json: string): AvroSchema<V> {
  const schema = JSON.parse(json) as Json;
  const type = parse(camelCased(schema), 'never');
  const positional = type as unknown as PositionalType;
  const undeclaredPath = undeclaredCheck(camelCased(schema));
  return {
    name: type.name ?? '',
    json,
    encodeInto: (value, target, position) => positional.encode(value, target, position),
    undeclaredPath,
    invalidPath: (value) => undeclaredPath(value) ?? firstInvalid(type, value),
    readerFor(writerJson) {
      const writer = JSON.parse(writerJson) as Json;
      const same = JSON.stringify(writer) === json;
      // 'always' accepts every union a foreign writer may have; how it would be wrapped plays no part in resolving.
      const readable = same ? type : type.createResolver(parse(camelCased(withoutDefaults(writer)), 'always'));
      return (bytes, position) => {
        const tap = new Tap(bytes, position);
        const value = (readable as unknown as Readable)._read(tap) as V;
        if (tap.pos !== bytes.length) throw new Error('bytes are left over');
        return value;
      };
    },
  };
}
