import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
// @ts-expect-error the driver's own encoder, as reference; it has no types
import driverRequest from '../../../../../node_modules/kafkajs/src/protocol/requests/produce/v7/request.js';
import {
  type PartitionRecords,
  readProduceErrors,
  writeProduceRequest,
} from '../../../../../pipeline/broker/kafka/produce-request.ts';
import { recordBytes } from '../../../../../pipeline/broker/kafka/record-batch.ts';
import type { ProducerRecord } from '../../../../../pipeline/broker/producer.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const record: fc.Arbitrary<ProducerRecord> = fc.record(
  {
    key: fc.option(bytes(200)),
    value: fc.option(bytes(20_000)),
    headers: fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }), bytes(300), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  },
  { requiredKeys: ['key', 'value'] },
);
const partition = (topic: string, number: number, records: ProducerRecord[]): PartitionRecords => ({
  topic,
  partition: number,
  records,
  bytes: records.reduce((sum, one) => sum + recordBytes(one), 0),
});

/** The same request by the driver's encoder, at the given time. */
async function byDriver(partitions: readonly PartitionRecords[], timestampMs: number): Promise<Buffer> {
  const topicData = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    partitions: ofTopic.map(({ partition: number, records }) => ({
      partition: number,
      messages: records.map((one) => ({ ...one, timestamp: timestampMs })),
      firstSequence: -1,
    })),
  }));
  const request = driverRequest({ acks: -1, timeout: 20_000, producerEpoch: -1, topicData });
  return ((await request.encode()) as { buffer: Buffer }).buffer;
}

describe('a Produce request', () => {
  it('is byte for byte what the driver would write', async () => {
    const records = fc.array(record, { minLength: 1, maxLength: 150 });
    await fc.assert(
      fc.asyncProperty(records, records, records, async (first, second, third) => {
        const partitions = [partition('täg', 0, first), partition('u', 7, second), partition('täg', 3, third)];
        const written = writeProduceRequest(partitions, 1_790_000_000_123, 20_000);
        expect(written.equals(await byDriver(partitions, 1_790_000_000_123))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('has room for the longest record its framing may take', () => {
    const header = { ü: Buffer.alloc(70_000) };
    const one = partition('t', 0, [{ key: Buffer.alloc(70_000), value: Buffer.alloc(3_000_000), headers: header }]);
    expect(writeProduceRequest([one], 0, 1).length).toBeLessThanOrEqual(one.bytes + 100);
  });
});

describe('the answer to a Produce request', () => {
  const answer = (
    topics: Readonly<Record<string, readonly (readonly [partition: number, code: number])[]>>,
  ): Buffer => {
    const int32 = (value: number) => {
      const buffer = Buffer.alloc(4);
      buffer.writeInt32BE(value);
      return buffer;
    };
    const parts = [int32(Object.keys(topics).length)];
    for (const [topic, partitions] of Object.entries(topics)) {
      const name = Buffer.from(topic);
      parts.push(Buffer.from([name.length >> 8, name.length & 0xff]), name, int32(partitions.length));
      for (const [number, code] of partitions)
        parts.push(int32(number), Buffer.from([0, code]), Buffer.alloc(24, 0xee));
    }
    return Buffer.concat([...parts, int32(0)]);
  };

  it('names each partition that was refused', () => {
    const response = answer({
      'a-täg': [
        [0, 0],
        [5, 6],
      ],
      b: [[1, 10]],
    });
    expect(readProduceErrors(response)).toEqual([
      { topic: 'a-täg', partition: 5, code: 6 },
      { topic: 'b', partition: 1, code: 10 },
    ]);
  });

  it('is empty where all were taken', () => {
    expect(readProduceErrors(answer({ a: [[0, 0]] }))).toEqual([]);
  });
});
