import { FreshetError } from '../../../pipeline/kernel/errors.ts';

/** One record of a fetched batch; slices of the response, valid as long as it is. */
export interface FetchedRecord {
  readonly partition: number;
  readonly offset: number;
  /** When the broker appended its batch, wall clock milliseconds. */
  readonly appendedAt: number;
  readonly key: Buffer;
  readonly value: Buffer;
}

export interface FetchPartition {
  readonly partition: number;
  readonly offset: number;
}

const fetchKey = 1;
/** The newest version without flexible fields and sessions; Kafka 4 answers from version 4 on. */
const fetchVersion = 4;
const readCommitted = 1;
const responseBytes = 8 * 1_048_576;
const partitionBytes = 1_048_576;

export interface FetchRequest {
  readonly topic: string;
  readonly partitions: readonly FetchPartition[];
  readonly correlation: number;
  /** How long the broker holds the answer back while there is nothing. */
  readonly maxWaitMs: number;
}

/** The request with its length, ready for the socket. */
export function encodeFetch({ topic, partitions, correlation, maxWaitMs }: FetchRequest): Buffer {
  const client = Buffer.from('freshet-bench');
  const name = Buffer.from(topic);
  const bytes = Buffer.alloc(4 + 10 + client.length + 17 + 4 + 2 + name.length + 4 + partitions.length * 16);
  let at = bytes.writeInt32BE(bytes.length - 4, 0);
  at = bytes.writeInt16BE(fetchKey, at);
  at = bytes.writeInt16BE(fetchVersion, at);
  at = bytes.writeInt32BE(correlation, at);
  at = bytes.writeInt16BE(client.length, at);
  at += client.copy(bytes, at);
  at = bytes.writeInt32BE(-1, at);
  at = bytes.writeInt32BE(maxWaitMs, at);
  at = bytes.writeInt32BE(1, at);
  at = bytes.writeInt32BE(responseBytes, at);
  at = bytes.writeInt8(readCommitted, at);
  at = bytes.writeInt32BE(1, at);
  at = bytes.writeInt16BE(name.length, at);
  at += name.copy(bytes, at);
  at = bytes.writeInt32BE(partitions.length, at);
  for (const { partition, offset } of partitions) {
    at = bytes.writeInt32BE(partition, at);
    at = bytes.writeBigInt64BE(BigInt(offset), at);
    at = bytes.writeInt32BE(partitionBytes, at);
  }
  return bytes;
}

/** Unknown topic or partition, no leader, not the leader: a topic that was made just now is not known everywhere. */
const passing: readonly number[] = [3, 5, 6];

export interface Fetched {
  /** Where to go on in each partition. */
  readonly next: readonly FetchPartition[];
  /** Partitions that are not served yet. */
  readonly refused: number;
}

/** Hands every record to `take`. */
export function readFetched(
  response: Buffer,
  asked: readonly FetchPartition[],
  take: (record: FetchedRecord) => void,
): Fetched {
  let refused = 0;
  const next = new Map(asked.map(({ partition, offset }) => [partition, offset]));
  let at = 4 + 4; // correlation, throttle time
  const topicCount = response.readInt32BE(at);
  at += 4;
  for (let topic = 0; topic < topicCount; topic += 1) {
    at += 2 + response.readInt16BE(at);
    const partitions = response.readInt32BE(at);
    at += 4;
    for (let i = 0; i < partitions; i += 1) {
      const partition = response.readInt32BE(at);
      const code = response.readInt16BE(at + 4);
      if (passing.includes(code)) refused += 1;
      else if (code !== 0) {
        throw new FreshetError('bench_failed', `partition ${partition} cannot be fetched: error ${code}`);
      }
      const aborted = Math.max(0, response.readInt32BE(at + 22));
      at += 26 + aborted * 16;
      const size = Math.max(0, response.readInt32BE(at));
      const from = next.get(partition) as number;
      next.set(partition, readBatches(response.subarray(at + 4, at + 4 + size), { partition, offset: from }, take));
      at += 4 + size;
    }
  }
  return { next: asked.map(({ partition }) => ({ partition, offset: next.get(partition) as number })), refused };
}

/** The last batch of an answer may be cut off; it comes whole next time. */
function readBatches(
  bytes: Buffer,
  { partition, offset }: FetchPartition,
  take: (record: FetchedRecord) => void,
): number {
  let next = offset;
  for (let at = 0; at + 12 <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    const base = Number(bytes.readBigInt64BE(at));
    const attributes = bytes.readInt16BE(at + 21);
    if ((attributes & 0x37) !== 0) {
      throw new FreshetError(
        'bench_failed',
        'the topic holds compressed, transactional or control batches: none were asked for',
      );
    }
    const appendedAt = Number(bytes.readBigInt64BE(at + 35));
    readRecords(bytes.subarray(at + 57, end), bytes.readInt32BE(at + 57), (delta, key, value) => {
      if (base + delta >= offset) take({ partition, offset: base + delta, appendedAt, key, value });
    });
    next = base + bytes.readInt32BE(at + 23) + 1;
    at = end;
  }
  return next;
}

/** `bytes` begins with the count. */
function readRecords(
  bytes: Buffer,
  count: number,
  take: (offsetDelta: number, key: Buffer, value: Buffer) => void,
): void {
  let at = 4;
  const varint = (): number => {
    let result = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at] as number;
      at += 1;
      result += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return result % 2 === 0 ? result / 2 : -(result + 1) / 2;
    }
  };
  const slice = (): Buffer => {
    const length = Math.max(0, varint());
    at += length;
    return bytes.subarray(at - length, at);
  };
  for (let i = 0; i < count; i += 1) {
    const length = varint();
    const end = at + length;
    at += 1; // attributes
    varint(); // timestamp
    const delta = varint();
    take(delta, slice(), slice());
    at = end; // headers are passed over
  }
}
