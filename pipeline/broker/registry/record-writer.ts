import type { AvroSchema } from '../../../schemas/generated/avro.ts';
import { FreshetError } from '../../kernel/errors.ts';
import type { RecordWriter } from '../codec.ts';
import { framePrefixBytes } from './framing.ts';

/** Encodes into a buffer of its own that grows, and hands out copies that share nothing with it. */
export function createRecordWriter<V>(schema: AvroSchema<V>, id: number): RecordWriter<V> {
  let scratch = framed(4_096, id);
  const encode = (value: V): number => {
    try {
      return schema.encodeInto(value, scratch, framePrefixBytes);
    } catch (error) {
      throw invalid(schema, schema.invalidPath(value), error);
    }
  };
  return {
    write(value) {
      const undeclared = schema.undeclaredPath(value);
      if (undeclared !== undefined) throw invalid(schema, undeclared);
      let end = encode(value);
      if (end < 0) {
        scratch = framed(Math.max(scratch.length * 2, scratch.length - end), id);
        end = encode(value);
      }
      return Buffer.from(scratch.subarray(0, end));
    },
  };
}

function framed(bytes: number, id: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  buffer[0] = 0;
  buffer.writeInt32BE(id, 1);
  return buffer;
}

/** Names the place, never the value: records hold personal data. */
function invalid(schema: AvroSchema<unknown>, path: string | undefined, cause?: unknown): FreshetError {
  const field = path ?? '(record)';
  return new FreshetError('record_invalid', `${schema.name} does not fit its schema at ${field}`, {
    cause: path === undefined ? cause : undefined,
    fields: { schema: schema.name, field },
  });
}
