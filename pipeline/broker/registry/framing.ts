/** Confluent framing: a zero byte, the writer schema's id (big-endian), the body. */
export const framePrefixBytes = 5;

/** The header of the newer framing, which names the schema by GUID and leaves the value unframed. */
export const guidHeader = '__value_schema_id';

const guidFraming =
  'header-GUID framing (magic byte 1) is not supported; configure the producer to put the schema id before the value (magic byte 0)';

export type Frame = { readonly id: number } | { readonly refused: string };

/** The writer schema's id of a framed value, or why it is none. */
export function frameOf(bytes: Buffer, headers?: Readonly<Record<string, Buffer>>): Frame {
  if (headers?.[guidHeader] !== undefined || bytes[0] === 1) return { refused: guidFraming };
  if (bytes.length < framePrefixBytes) return { refused: `value of ${bytes.length} bytes is shorter than its framing` };
  if (bytes[0] !== 0) return { refused: `magic byte is ${bytes[0]}, not 0: the value has no schema id before it` };
  const id = bytes.readInt32BE(1);
  return id > 0 ? { id } : { refused: `schema id ${id} is not positive` };
}
