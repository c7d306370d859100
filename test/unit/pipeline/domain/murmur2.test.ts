import { expect, test } from 'vitest';
import { murmur2, partitionOf, shardCount, shardOf } from '../../../../pipeline/domain/murmur2.ts';

/** From Kafka's own UtilsTest.testMurmur2. */
const vectors: readonly [string, number][] = [
  ['21', -973_932_308],
  ['foobar', -790_332_482],
  ['a-little-bit-long-string', -985_981_536],
  ['a-little-bit-longer-string', -1_486_304_829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
  ['abc', 479_470_107],
];

test.each(vectors)('murmur2 of %j is what Kafka computes', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash);
});

test('a key goes to the partition that Kafka clients choose, also where the hash is negative', () => {
  expect(partitionOf(Buffer.from('foobar'), 8)).toBe((-790_332_482 & 0x7fffffff) % 8);
  expect(partitionOf(Buffer.from('abc'), 8)).toBe(479_470_107 % 8);
});

test.each([1, 2, 4, 8, 16])('with %i partitions a shard names its partition', (partitions) => {
  for (let i = 0; i < 500; i += 1) {
    const key = Buffer.from(`default|user-${i}`);
    expect(shardOf(key) % partitions).toBe(partitionOf(key, partitions));
  }
});

test('with a multiple of 16 partitions a partition names its shard', () => {
  for (let i = 0; i < 500; i += 1) {
    const key = Buffer.from(`default|user-${i}`);
    expect(partitionOf(key, 48) % shardCount).toBe(shardOf(key));
  }
});
