import { describe, expect, it } from 'vitest';
import { chunk } from '../../../../../pipeline/broker/kafka/driver-requests.ts';
import type { TopicRecords } from '../../../../../pipeline/broker/producer.ts';

const names = { topic: (logical: string) => `p.${logical}` };

const records = (topic: string, count: number, bytes = 10): TopicRecords => ({
  topic,
  records: Array.from({ length: count }, (_, n) => ({
    key: Buffer.from(`${topic}${n}`),
    value: Buffer.alloc(bytes),
  })),
});

const sizes = (requests: ReturnType<typeof chunk>) =>
  requests.map((topics) => topics.map(({ topic, messages }) => `${topic} ${messages.length}`));

describe('splitting a batch into requests of the driver', () => {
  it('puts up to 1,000 records of several topics into one', () => {
    expect(sizes(chunk([records('a', 400), records('b', 600)], names))).toEqual([['p.a 400', 'p.b 600']]);
  });

  it('begins another beyond, with the records of a topic in order', () => {
    const requests = chunk([records('a', 900), records('b', 1_200)], names);
    expect(sizes(requests)).toEqual([['p.a 900', 'p.b 100'], ['p.b 1000'], ['p.b 100']]);
    const keys = requests.flatMap((topics) => topics.flatMap(({ messages }) => messages.map(({ key }) => String(key))));
    expect(keys.slice(900)).toEqual(Array.from({ length: 1_200 }, (_, n) => `b${n}`));
  });

  it('keeps a request below what a partition takes at once', () => {
    expect(sizes(chunk([records('a', 5, 300_000)], names))).toEqual([['p.a 2'], ['p.a 2'], ['p.a 1']]);
  });

  it('sends a record that is too large alone, for the broker to judge', () => {
    expect(sizes(chunk([records('a', 1), records('b', 1, 2_000_000)], names))).toEqual([['p.a 1'], ['p.b 1']]);
  });

  it('makes nothing of nothing', () => {
    expect(chunk([], names)).toEqual([]);
  });
});
