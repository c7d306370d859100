import * as zlib from 'node:zlib';

/** A record as it lies in the log; slices of the response, valid as long as it is. */
export interface LogRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export interface FetchFrom {
  readonly partition: number;
  readonly offset: bigint;
}

export interface FetchedPartition {
  readonly partition: number;
  /** Kafka's error code, 0 for none. */
  readonly error: number;
  /** Where to go on; what was asked for where nothing came. */
  readonly next: bigint;
  /** Records in batches that are compressed in a way this cannot read. */
  readonly unread: number;
}

/** The newest version without flexible fields and sessions; Kafka 4 answers from version 4 on. */
export const fetchRequest = { apiKey: 1, apiVersion: 4, apiName: 'Fetch' } as const;
const responseBytes = 8 * 1_048_576;
const partitionBytes = 1_048_576;
const readCommitted = 1;

/** Body of a request that is answered at once with what is there, committed records only. */
export function fetchBody(topic: string, partitions: readonly FetchFrom[]): Buffer {
  const name = Buffer.from(topic);
  const bytes = Buffer.alloc(4 + 4 + 4 + 4 + 1 + 4 + 2 + name.length + 4 + partitions.length * 16);
  let at = bytes.writeInt32BE(-1, 0); // no replica
  at = bytes.writeInt32BE(0, at); // waits for nothing
  at = bytes.writeInt32BE(1, at);
  at = bytes.writeInt32BE(responseBytes, at);
  at = bytes.writeInt8(readCommitted, at);
  at = bytes.writeInt32BE(1, at);
  at = bytes.writeInt16BE(name.length, at);
  at += name.copy(bytes, at);
  at = bytes.writeInt32BE(partitions.length, at);
  for (const { partition, offset } of partitions) {
    at = bytes.writeInt32BE(partition, at);
    at = bytes.writeBigInt64BE(offset, at);
    at = bytes.writeInt32BE(partitionBytes, at);
  }
  return bytes;
}

/**
 * Hands on the records of batches that hold one of the needles somewhere: most batches are passed over without
 * reading their records, which makes a million records a matter of a second.
 */
export function readFetched(
  response: Buffer,
  asked: readonly FetchFrom[],
  { needles, take }: { readonly needles: readonly Buffer[]; readonly take: (record: LogRecord) => void },
): FetchedPartition[] {
  let at = 4; // throttle time
  const found: FetchedPartition[] = [];
  const topics = response.readInt32BE(at);
  at += 4;
  for (let topic = 0; topic < topics; topic += 1) {
    at += 2 + response.readInt16BE(at);
    const partitions = response.readInt32BE(at);
    at += 4;
    for (let i = 0; i < partitions; i += 1) {
      const partition = response.readInt32BE(at);
      const error = response.readInt16BE(at + 4);
      const abortedCount = Math.max(0, response.readInt32BE(at + 22));
      const aborted = Array.from({ length: abortedCount }, (_, n) => ({
        producer: response.readBigInt64BE(at + 26 + n * 16),
        from: response.readBigInt64BE(at + 34 + n * 16),
      }));
      at += 26 + abortedCount * 16;
      const size = Math.max(0, response.readInt32BE(at));
      const from = asked.find((one) => one.partition === partition)?.offset ?? 0n;
      const bytes = response.subarray(at + 4, at + 4 + size);
      found.push({ partition, error, ...readBatches(bytes, { partition, from, aborted, needles, take }) });
      at += 4 + size;
    }
  }
  return found;
}

interface BatchOptions {
  readonly partition: number;
  readonly from: bigint;
  readonly aborted: readonly { readonly producer: bigint; readonly from: bigint }[];
  readonly needles: readonly Buffer[];
  readonly take: (record: LogRecord) => void;
}

/** The last batch of an answer may be cut off; it comes whole next time. */
function readBatches(bytes: Buffer, { partition, from, aborted, needles, take }: BatchOptions) {
  let next = from;
  let unread = 0;
  const ended = new Set<bigint>(); // aborts whose marker has passed, by their first offset
  for (let at = 0; at + 61 <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    const batch = bytes.subarray(at, end);
    at = end;
    const base = batch.readBigInt64BE(0);
    const attributes = batch.readInt16BE(21);
    const producer = batch.readBigInt64BE(43);
    next = base + BigInt(batch.readInt32BE(23)) + 1n;
    const abort = aborted.find((one) => one.producer === producer && one.from <= base && !ended.has(one.from));
    if ((attributes & 0x20) !== 0) {
      if (abort !== undefined) ended.add(abort.from);
      continue;
    }
    if ((attributes & 0x10) !== 0 && abort !== undefined) continue;
    const records = recordsOf(batch.subarray(61), attributes & 0x07);
    if (records === undefined) unread += batch.readInt32BE(57);
    else if (needles.some((needle) => records.includes(needle)))
      readRecords(records, batch.readInt32BE(57), batch.readBigInt64BE(27), (delta, record) => {
        const offset = base + BigInt(delta);
        if (offset >= from) take({ partition, offset, ...record });
      });
  }
  return { next, unread };
}

/** Undefined where they are compressed in a way that Node cannot undo. */
function recordsOf(bytes: Buffer, compression: number): Buffer | undefined {
  if (compression === 0) return bytes;
  if (compression === 1) return zlib.gunzipSync(bytes);
  if (compression === 4 && 'zstdDecompressSync' in zlib) return zlib.zstdDecompressSync(bytes);
  return undefined;
}

function readRecords(
  bytes: Buffer,
  count: number,
  baseTimestamp: bigint,
  take: (offsetDelta: number, record: Pick<LogRecord, 'timestampMs' | 'key' | 'value'>) => void,
): void {
  let at = 0;
  const varint = (): number => {
    let result = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at] as number;
      at += 1;
      result += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return result % 2 === 0 ? result / 2 : -(result + 1) / 2;
    }
  };
  const slice = (): Buffer | null => {
    const length = varint();
    if (length < 0) return null;
    at += length;
    return bytes.subarray(at - length, at);
  };
  for (let n = 0; n < count; n += 1) {
    const length = varint();
    const end = at + length;
    at += 1; // attributes
    const timestampMs = Number(baseTimestamp) + varint();
    const delta = varint();
    take(delta, { timestampMs, key: slice(), value: slice() });
    at = end;
  }
}
