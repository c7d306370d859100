import { describe, expect, it } from 'vitest';
import { createRequests } from '../../../../../pipeline/broker/kafka/requests.ts';
import type { TopicRecords } from '../../../../../pipeline/broker/producer.ts';
import { partitionOf } from '../../../../../pipeline/domain/murmur2.ts';

const records = (topic: string, count: number, bytes = 10): TopicRecords => ({
  topic,
  records: Array.from({ length: count }, (_, n) => ({ key: Buffer.from(`${topic}${n}`), value: Buffer.alloc(bytes) })),
});

/** Partitions 0, 1, … led by the given nodes. */
const leaders = (nodes: Readonly<Record<string, readonly number[]>>) =>
  new Map(
    Object.entries(nodes).map(([topic, ofTopic]) => [
      topic,
      ofTopic.map((leader, partitionId) => ({ partitionId, leader })),
    ]),
  );

const counts = (requests: ReturnType<typeof createRequests>) =>
  requests.map((round) =>
    Object.fromEntries(
      [...round].map(([node, partitions]) => [
        node,
        partitions.map(({ topic, records: all }) => `${topic} ${all.length}`),
      ]),
    ),
  );

describe('sorting a batch into requests', () => {
  it('makes one request a leader, with one batch a partition', () => {
    const [round] = createRequests([records('a', 100), records('b', 50)], leaders({ a: [1, 2, 1], b: [2] }));
    const batches = [...(round ?? [])].flatMap(([node, all]) => all.map((one) => ({ node, ...one })));
    expect(batches.map(({ node, topic, partition }) => `${node} ${topic}/${partition}`).sort()).toEqual([
      '1 a/0',
      '1 a/2',
      '2 a/1',
      '2 b/0',
    ]);
    for (const { topic, partition, records: all } of batches) {
      expect(all.every(({ key }) => partitionOf(key as Buffer, topic === 'a' ? 3 : 1) === partition)).toBe(true);
    }
    expect(batches.reduce((sum, { records: all }) => sum + all.length, 0)).toBe(150);
  });

  it('begins another round where a batch would grow too large, in order', () => {
    const requests = createRequests([records('a', 5, 300_000)], leaders({ a: [1] }));
    expect(counts(requests)).toEqual([{ 1: ['a 2'] }, { 1: ['a 2'] }, { 1: ['a 1'] }]);
    const keys = requests.flatMap((round) =>
      [...round.values()].flatMap(([one]) => one?.records.map(({ key }) => `${key}`)),
    );
    expect(keys).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
  });

  it('sends a record that is too large alone, for the broker to judge', () => {
    const batch = [{ topic: 'a', records: [...records('a', 1).records, ...records('a', 1, 2_000_000).records] }];
    expect(counts(createRequests(batch, leaders({ a: [1] })))).toEqual([{ 1: ['a 1'] }, { 1: ['a 1'] }]);
  });

  it('makes nothing of nothing', () => {
    expect(counts(createRequests([], new Map()))).toEqual([{}]);
  });
});
