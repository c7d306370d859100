import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import avsc from 'avsc';
import { checkoutRoot } from '../../stack/paths.ts';

/** A decoded record in the names of its schema: whatever it holds is about to be judged. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Fields = Readonly<Record<string, any>>;

const prefixBytes = 5;
/** An id that no registry gives. */
export const unknownSchemaId = 1_999_999_999;

/**
 * Plain avsc over the schema files, so that what is judged is not judged by its own codec. Undefined where a value is
 * not framed or does not fit: everything here is written with today's schemas.
 */
export function createDecoder<V = Fields>(file: string): (value: Buffer) => V | undefined {
  const text = readFileSync(join(checkoutRoot(), 'schemas', 'events', `${file}.avsc`), 'utf8');
  const type = avsc.Type.forSchema(JSON.parse(text) as avsc.Schema, { wrapUnions: 'never' });
  return (value) => {
    if (value.length < prefixBytes || value[0] !== 0) return undefined;
    try {
      return type.fromBuffer(value.subarray(prefixBytes)) as V;
    } catch {
      return undefined;
    }
  };
}

/** The schema's id before a framed value; undefined where there is none. */
export const schemaIdOf = (value: Buffer): number | undefined =>
  value.length >= prefixBytes && value[0] === 0 ? value.readInt32BE(1) : undefined;
