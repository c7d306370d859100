import type { ProducerRecord } from '../producer.ts';
import { crc32c } from './crc32c.ts';

/** Bytes of a batch before its records. */
export const batchHeaderBytes = 61;
/** Upper bound of what framing adds to a record without headers: six varints and the attributes. */
const recordOverheadBytes = 26;
/** Upper bound of what framing adds to a header. */
const headerOverheadBytes = 10;
/** Of the CRC's own field, and of the first byte it covers. */
const crcAt = 17;
const crcFrom = 21;

/** Most bytes that a record can take in a batch. */
export function recordBytes({ key, value, headers }: ProducerRecord): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  if (headers) {
    for (const [name, header] of Object.entries(headers))
      bytes += headerOverheadBytes + name.length * 3 + header.length;
  }
  return bytes;
}

/**
 * Writes one record batch (magic 2, uncompressed, no producer id) at `start` and answers where it ends.
 * All records carry `timestampMs`; the leader epoch is for the broker to fill in. Source: Apache Kafka documentation, "Record Batch" and "Record".
 */
export function writeRecordBatch(
  target: Buffer,
  start: number,
  records: readonly ProducerRecord[],
  timestampMs: number,
): number {
  target.fill(0, start, start + batchHeaderBytes);
  let at = start + batchHeaderBytes;
  for (let index = 0; index < records.length; index += 1) {
    at = writeRecord(target, at, records[index] as ProducerRecord, index);
  }
  target.writeInt32BE(at - start - 12, start + 8); // length of what follows the field
  target.writeInt8(2, start + 16); // magic
  target.writeInt32BE(records.length - 1, start + 23); // last offset delta
  target.writeBigInt64BE(BigInt(timestampMs), start + 27);
  target.writeBigInt64BE(BigInt(timestampMs), start + 35);
  target.fill(0xff, start + 43, start + 57); // producer id, epoch, base sequence: none
  target.writeInt32BE(records.length, start + 57);
  target.writeUInt32BE(crc32c(target, start + crcFrom, at), start + crcAt);
  return at;
}

function writeRecord(target: Buffer, start: number, record: ProducerRecord, offsetDelta: number): number {
  const { key, value } = record;
  const headers = record.headers ? Object.entries(record.headers) : [];
  let body = 2 + varintBytes(offsetDelta) + nullableBytes(key) + nullableBytes(value) + varintBytes(headers.length);
  for (const [name, header] of headers) body += textBytes(name) + varintBytes(header.length) + header.length;
  let at = writeVarint(target, start, body);
  target[at] = 0; // attributes
  target[at + 1] = 0; // timestamp delta
  at = writeVarint(target, at + 2, offsetDelta);
  at = writeNullable(target, at, key);
  at = writeNullable(target, at, value);
  at = writeVarint(target, at, headers.length);
  for (const [name, header] of headers) at = writeBytes(target, writeBytes(target, at, Buffer.from(name)), header);
  return at;
}

const nullableBytes = (bytes: Buffer | null): number => (bytes === null ? 1 : varintBytes(bytes.length) + bytes.length);

/** Null is written as a length of -1. */
const writeNullable = (target: Buffer, start: number, bytes: Buffer | null): number =>
  bytes === null ? writeVarint(target, start, -1) : writeBytes(target, start, bytes);

function textBytes(text: string): number {
  const length = Buffer.byteLength(text);
  return varintBytes(length) + length;
}

function writeBytes(target: Buffer, start: number, bytes: Buffer): number {
  const at = writeVarint(target, start, bytes.length);
  target.set(bytes, at);
  return at + bytes.length;
}

/** Zigzag: small magnitudes of either sign are short. */
const zigzag = (value: number): number => ((value << 1) ^ (value >> 31)) >>> 0;

function varintBytes(value: number): number {
  const coded = zigzag(value);
  if (coded < 0x80) return 1;
  if (coded < 0x4000) return 2;
  if (coded < 0x200000) return 3;
  return coded < 0x10000000 ? 4 : 5;
}

function writeVarint(target: Buffer, start: number, value: number): number {
  let rest = zigzag(value);
  let at = start;
  for (; rest >= 0x80; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80;
  target[at] = rest;
  return at + 1;
}
