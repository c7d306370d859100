import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { type LogRecord, readFetched } from '../../../../ops/topics/fetch.ts';
import { batchHeaderBytes, writeRecordBatch } from '../../../../pipeline/broker/kafka/record-batch.ts';

interface BatchShape {
  readonly base: number;
  readonly values: readonly string[];
  /** Bits: 1 gzip, 2 snappy, 16 transactional, 32 control. */
  readonly attributes?: number;
  readonly producer?: number;
}

function batchOf({ base, values, attributes = 0, producer = -1 }: BatchShape): Buffer {
  const records = values.map((value) => ({ key: Buffer.from('ns|user'), value: Buffer.from(value) }));
  const plain = Buffer.alloc(4_096);
  const whole = plain.subarray(0, writeRecordBatch(plain, 0, records, 1_000));
  const body = whole.subarray(batchHeaderBytes);
  const bytes = Buffer.concat([whole.subarray(0, batchHeaderBytes), attributes & 1 ? gzipSync(body) : body]);
  bytes.writeBigInt64BE(BigInt(base), 0);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt16BE(attributes, 21);
  bytes.writeBigInt64BE(BigInt(producer), 43);
  return bytes;
}

/** A response of version 4 for partition 0 of one topic. */
function responseOf(batches: readonly Buffer[], aborted: readonly { producer: number; from: number }[] = []): Buffer {
  const records = Buffer.concat(batches);
  const head = Buffer.alloc(4 + 4 + 2 + 1 + 4 + 26 + aborted.length * 16 + 4);
  let at = head.writeInt32BE(1, 4);
  at = head.writeInt16BE(1, at);
  at += head.write('t', at);
  at = head.writeInt32BE(1, at);
  at = head.writeInt32BE(0, at); // partition
  at = head.writeInt16BE(0, at);
  at += 16; // ends of the log
  at = head.writeInt32BE(aborted.length, at);
  for (const { producer, from } of aborted) {
    at = head.writeBigInt64BE(BigInt(producer), at);
    at = head.writeBigInt64BE(BigInt(from), at);
  }
  head.writeInt32BE(records.length, at);
  return Buffer.concat([head, records]);
}

function read(response: Buffer, { from = 0n, needle = 'e' } = {}) {
  const taken: LogRecord[] = [];
  const take = (record: LogRecord) => void taken.push(record);
  const [answer] = readFetched(response, [{ partition: 0, offset: from }], { needles: [Buffer.from(needle)], take });
  return { answer, values: taken.map(({ offset, value }) => `${offset} ${value}`) };
}

it('reads the records of batches that hold what is looked for, and passes the others', () => {
  const batches = [batchOf({ base: 5, values: ['e-1', 'e-2'] }), batchOf({ base: 7, values: ['e-3'] })];
  const { answer, values } = read(responseOf(batches), { needle: 'e-2' });
  expect(values).toEqual(['5 e-1', '6 e-2']);
  expect(answer).toEqual({ partition: 0, error: 0, next: 8n, unread: 0 });
});

it('leaves out what lies before the offset that was asked for', () => {
  expect(read(responseOf([batchOf({ base: 5, values: ['e-1', 'e-2'] })]), { from: 6n }).values).toEqual(['6 e-2']);
});

it('stops before a batch that is cut off', () => {
  const response = responseOf([batchOf({ base: 0, values: ['e-1'] }), batchOf({ base: 1, values: ['e-2'] })]);
  const { answer, values } = read(response.subarray(0, response.length - 3));
  expect({ next: answer?.next, values }).toEqual({ next: 1n, values: ['0 e-1'] });
});

it('reads what is compressed with gzip, and counts what it cannot read', () => {
  const batches = [
    batchOf({ base: 0, values: ['e-1'], attributes: 1 }),
    batchOf({ base: 1, values: ['e-2', 'e-3'], attributes: 2 }),
  ];
  const { answer, values } = read(responseOf(batches));
  expect({ unread: answer?.unread, values }).toEqual({ unread: 2, values: ['0 e-1'] });
});

it('leaves out transactions that were aborted, up to their marker, and the markers', () => {
  const batches = [
    batchOf({ base: 0, values: ['e-kept'], attributes: 16, producer: 7 }),
    batchOf({ base: 1, values: ['e-marker'], attributes: 48, producer: 7 }),
    batchOf({ base: 2, values: ['e-aborted'], attributes: 16, producer: 7 }),
    batchOf({ base: 3, values: ['e-other'], attributes: 16, producer: 8 }),
    batchOf({ base: 4, values: ['e-marker'], attributes: 48, producer: 7 }),
    batchOf({ base: 5, values: ['e-again'], attributes: 16, producer: 7 }),
  ];
  expect(read(responseOf(batches, [{ producer: 7, from: 2 }])).values).toEqual(['0 e-kept', '3 e-other', '5 e-again']);
});
