import { expect, it } from 'vitest';
import { encodeFetch, type FetchedRecord, readFetched } from '../../../../../ops/load/relay/fetch-protocol.ts';
import { writeRecordBatch } from '../../../../../pipeline/broker/kafka/record-batch.ts';

interface Answered {
  readonly partition: number;
  readonly code?: number;
  readonly records?: Buffer;
}

/** What follows the length of a Fetch answer, version 4, of one topic. */
function answer(partitions: readonly Answered[]): Buffer {
  const int16 = (value: number) => {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(value);
    return bytes;
  };
  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const parts = partitions.flatMap(({ partition, code = 0, records = Buffer.alloc(0) }) => [
    int32(partition),
    int16(code),
    Buffer.alloc(16),
    int32(-1),
    int32(records.length),
    records,
  ]);
  const head = [int32(1), int32(0), int32(1), int16(5), Buffer.from('topic'), int32(partitions.length)];
  return Buffer.concat([...head, ...parts]);
}

function batch(baseOffset: number, texts: readonly string[], appendedAt = 1_763_782_152_123): Buffer {
  const bytes = Buffer.alloc(4_096);
  const records = texts.map((text) => ({ key: Buffer.from(`key-${text}`), value: Buffer.from(text) }));
  const end = writeRecordBatch(bytes, 0, records, appendedAt);
  bytes.writeBigInt64BE(BigInt(baseOffset), 0);
  return bytes.subarray(0, end);
}

function read(response: Buffer, from: number, partition = 0) {
  const records: FetchedRecord[] = [];
  const fetched = readFetched(response, [{ partition, offset: from }], (record) => records.push(record));
  return { ...fetched, texts: records.map(({ value }) => String(value)), records };
}

it('reads keys, values, offsets and the time of the append', () => {
  const { records, next } = read(answer([{ partition: 0, records: batch(40, ['a', 'x'.repeat(200)]) }]), 40);
  expect(records).toMatchObject([
    { partition: 0, offset: 40, appendedAt: 1_763_782_152_123, key: Buffer.from('key-a'), value: Buffer.from('a') },
    { partition: 0, offset: 41, value: Buffer.from('x'.repeat(200)) },
  ]);
  expect(next).toEqual([{ partition: 0, offset: 42 }]);
});

it('passes over records before the offset that was asked for', () => {
  const { texts, next } = read(answer([{ partition: 0, records: batch(40, ['a', 'b', 'c']) }]), 42);
  expect(texts).toEqual(['c']);
  expect(next).toEqual([{ partition: 0, offset: 43 }]);
});

it('leaves a batch that was cut off to the next request', () => {
  const whole = batch(0, ['a', 'b']);
  const cut = Buffer.concat([whole, batch(2, ['c']).subarray(0, 30)]);
  const { texts, next } = read(answer([{ partition: 0, records: cut }]), 0);
  expect(texts).toEqual(['a', 'b']);
  expect(next).toEqual([{ partition: 0, offset: 2 }]);
});

it('stays where it is in a partition that has no leader yet', () => {
  const { next, refused } = read(answer([{ partition: 0, code: 6 }]), 7);
  expect(next).toEqual([{ partition: 0, offset: 7 }]);
  expect(refused).toBe(1);
});

it('refuses any other error', () => {
  expect(() => read(answer([{ partition: 0, code: 1 }]), 7)).toThrow('partition 0 cannot be fetched: error 1');
});

it('refuses a batch that is compressed, for its records would be missing from the count', () => {
  const compressed = batch(0, ['a']);
  compressed.writeInt16BE(1, 21);
  expect(() => read(answer([{ partition: 0, records: compressed }]), 0)).toThrow('compressed');
});

it('asks for committed records only', () => {
  const request = encodeFetch({
    topic: 't',
    partitions: [{ partition: 3, offset: 9 }],
    correlation: 5,
    maxWaitMs: 500,
  });
  expect(request.readInt32BE(0)).toBe(request.length - 4);
  expect(request.readInt16BE(4)).toBe(1);
  const body = 4 + 10 + 'freshet-bench'.length;
  expect(request.readInt8(body + 16)).toBe(1); // the isolation level
  expect(request.readInt32BE(request.length - 16)).toBe(3);
  expect(request.readBigInt64BE(request.length - 12)).toBe(9n);
});
